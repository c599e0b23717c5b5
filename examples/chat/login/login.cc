#include "examples/chat/login/login.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "examples/chat/text.h"
#include "nlohmann/json.hpp"
#include "weft/core/frame/utf8.h"
#include "weft/core/http/http_status.h"
#include "weft/core/http/origin.h"
#include "weft/core/http/query.h"
#include "weft/server/http/page.h"

namespace weft::chat {
namespace {

constexpr int kLoginDays = 30;

PageResponse Redirect(absl::string_view to) {
  return {.status = 303, .headers = {{"Location", std::string(to)}}};  // GET it
}

// Its attributes but for the age. The path ends in '/': the cookie of "/chat" is not for
// "/chatter".
std::string ForPathsOf(absl::string_view prefix) {
  return absl::StrCat("; Path=", prefix, "/; HttpOnly; SameSite=Strict");
}

std::string CookieOf(absl::string_view token, const LoginOptions& options) {
  return absl::StrCat(kCookie, "=", token, ForPathsOf(options.prefix),
                      "; Max-Age=", kLoginDays * 24 * 60 * 60, options.secure ? "; Secure" : "");
}

// A form of another site's page must not log its visitor in, under a name of its choice.
absl::Status CheckForm(const PageRequest& request) {
  if (request.method != "POST") return HttpError(405, "a form is sent by POST");
  const std::optional<absl::string_view> origin = request.headers.Find("Origin");
  if (origin.has_value() && !IsSameOrigin(*origin, request.host)) {
    return HttpError(403, "this form is for the pages of the chat");
  }
  return absl::OkStatus();
}

absl::StatusOr<PageResponse> LogIn(const PageRequest& request, Accounts& accounts,
                                   const LoginOptions& options) {
  if (absl::Status status = CheckForm(request); !status.ok()) return status;
  // A form has the syntax of a query.
  const std::string typed = QueryParameter(request.body, "name").value_or("");
  const absl::StatusOr<std::string> name = CleanName(IsValidUtf8(typed) ? typed : "");
  if (!name.ok()) return Redirect(absl::StrCat(options.prefix, "/login#refused"));
  accounts.LogIn(*name,
                 [answer = request.AnswerLater(), options](absl::StatusOr<std::string> token) {
                   if (!token.ok()) return answer.Give(token.status());
                   PageResponse response = Redirect(absl::StrCat(options.prefix, "/"));
                   response.headers.push_back({"Set-Cookie", CookieOf(*token, options)});
                   answer.Give(std::move(response));
                 });
  return PageResponse();  // is ignored
}

absl::StatusOr<PageResponse> LogOut(const PageRequest& request, Accounts& accounts,
                                    const std::string& prefix) {
  if (absl::Status status = CheckForm(request); !status.ok()) return status;
  accounts.LogOut(std::string(request.cookie(kCookie).value_or("")),
                  [answer = request.AnswerLater(), prefix](const absl::Status& status) {
                    if (!status.ok()) return answer.Give(status);
                    PageResponse response = Redirect(absl::StrCat(prefix, "/"));
                    response.headers.push_back({"Set-Cookie", NoCookie(prefix)});
                    answer.Give(std::move(response));
                  });
  return PageResponse();  // is ignored
}

PageResponse Me(const std::optional<Account>& account) {
  nlohmann::json me = {{"name", nullptr}};
  if (account.has_value()) me["name"] = account->name;
  PageResponse response = Page("application/json", me.dump());
  response.headers.push_back({"Cache-Control", "no-store"});
  return response;
}

}  // namespace

std::string NoCookie(absl::string_view prefix) {
  return absl::StrCat(kCookie, "=", ForPathsOf(prefix), "; Max-Age=0");
}

void AddLogin(Router& router, Accounts& accounts, LoginOptions options) {
  const std::string prefix = options.prefix;
  router.Any(absl::StrCat(prefix, "/login"),
             [&accounts, options = std::move(options)](
                 const PageRequest& request) -> absl::StatusOr<PageResponse> {
               if (request.method == "GET" || request.method == "HEAD")
                 return options.page(request);
               return LogIn(request, accounts, options);
             });
  router.Any(absl::StrCat(prefix, "/logout"),
             [&accounts, prefix](const PageRequest& request) -> absl::StatusOr<PageResponse> {
               return LogOut(request, accounts, prefix);
             });
  router.Get(absl::StrCat(prefix, "/me"),
             [&accounts](const PageRequest& request) -> absl::StatusOr<PageResponse> {
               const std::optional<absl::string_view> token = request.cookie(kCookie);
               if (!token.has_value()) return Me(std::nullopt);
               accounts.Find(std::string(*token),
                             [answer = request.AnswerLater()](
                                 const absl::StatusOr<std::optional<Account>>& account) {
                               if (!account.ok()) return answer.Give(account.status());
                               answer.Give(Me(*account));
                             });
               return PageResponse();  // is ignored
             });
}

}  // namespace weft::chat
