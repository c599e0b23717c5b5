// The pages by which a person logs in and out.

#ifndef EXAMPLES_CHAT_LOGIN_LOGIN_H_
#define EXAMPLES_CHAT_LOGIN_LOGIN_H_

#include <string>

#include "absl/strings/string_view.h"
#include "examples/chat/login/accounts.h"
#include "weft/server/router.h"

namespace weft::chat {

// The cookie with the token of an account. Scripts cannot read it, and a browser does not send it
// with the requests of other sites' pages.
inline constexpr char kCookie[] = "chat_session";

// The value of a Set-Cookie that deletes it. `prefix` as below.
std::string NoCookie(absl::string_view prefix = "");

struct LoginOptions {
  Pages page{};          // the answer to GET /login
  bool secure = false;   // the server has TLS: browsers send the cookie over TLS only
  std::string prefix{};  // of all paths, and of those to which browsers send the cookie: "/chat"
};

// Adds POST /login and POST /logout, which are forms, and /me, which says who is logged in:
// {"name": "Ann"}, or null for a guest. `accounts` must outlive the server.
void AddLogin(Router& router, Accounts& accounts, LoginOptions options);

}  // namespace weft::chat

#endif  // EXAMPLES_CHAT_LOGIN_LOGIN_H_
