// Logging in, and what the room makes of it.

#include "examples/chat/login/login.h"

#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "examples/chat/login/accounts.h"
#include "examples/chat/member.h"
#include "examples/chat/messages.h"
#include "examples/chat/rooms.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "weft/client/client.h"
#include "weft/server/server.h"
#include "weft/testing/test_client.h"

namespace weft::chat {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;
using weft::testing::TestClient;

constexpr absl::Duration kLimit = absl::Minutes(1);

class LoginTest : public ::testing::Test {
 protected:
  void StartServer(bool secure = false) {
    Router router;
    const Acceptor members = MemberAcceptor(rooms_, accounts_, [](absl::string_view) {});
    router.WebSocket("/", members).WebSocket("/rooms/{id}", members);
    AddLogin(router, accounts_,
             {.page = [](const PageRequest&) -> absl::StatusOr<PageResponse> {
                return Page("text/plain", "form");
              },
              .secure = secure});
    ServerOptions options;
    options.hooks.topic_options = OptionsOf;
    auto server = Server::Start(std::move(options), router);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  // The whole answer.
  std::string Ask(absl::string_view method, absl::string_view path, absl::string_view headers = "",
                  absl::string_view body = "") {
    TestClient client(server_->address());
    client.Send(absl::StrCat(method, " ", path,
                             " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n", headers,
                             "Content-Length: ", body.size(), "\r\n\r\n", body));
    return client.ReadToEnd();
  }

  // "chat_session=..." of a person who has logged in.
  std::string LogIn(absl::string_view name) {
    const std::string answer = Ask("POST", "/login", "", absl::StrCat("name=", name));
    EXPECT_EQ(answer.substr(0, 13), "HTTP/1.1 303 ");
    const size_t begin = answer.find(kCookie);
    return answer.substr(begin, answer.find(';', begin) - begin);
  }

  std::string Me(const std::string& cookie) {
    const std::string answer = Ask("GET", "/me", absl::StrCat("Cookie: ", cookie, "\r\n"));
    return answer.substr(answer.find("\r\n\r\n") + 4);
  }

  // A page in the room of `path`, which got its welcome.
  std::unique_ptr<Client> Enter(const std::string& path, const std::string& cookie,
                                const std::string& name, const std::string& sender) {
    ClientOptions options;
    options.request.subprotocols = {kSubprotocol};
    if (!cookie.empty()) options.request.headers = {{"Cookie", cookie}};
    auto client =
        Client::Connect(absl::StrCat("ws://", server_->address().ToString(), path), options);
    EXPECT_TRUE(client.ok()) << client.status();
    if (!client.ok()) return nullptr;
    EXPECT_EQ((*client)->subprotocol(), kSubprotocol);
    const json hello = {
        {"type", "hello"}, {"key", "THESAMEKEY"}, {"sender", sender}, {"name", name}};
    EXPECT_TRUE((*client)->SendText(hello.dump()).ok());
    EXPECT_EQ(Receive(**client)["type"], "welcome");
    return *std::move(client);
  }

  // Waits until these are in the room of the client.
  static void ExpectPeople(Client& client, const std::vector<std::string>& names) {
    std::vector<std::string> people;
    while (people != names && !HasFailure()) {
      const json message = Receive(client);
      if (message["type"] != "people") continue;
      people.clear();
      for (const json& each : message["people"]) people.push_back(each["name"]);
    }
  }

  static json Receive(Client& client) {
    const auto message = client.Receive(kLimit);
    EXPECT_TRUE(message.ok()) << message.status();
    return message.ok() ? json::parse(std::string(message->payload)) : json();
  }

  Accounts accounts_{absl::ZeroDuration()};
  Rooms rooms_;
  std::unique_ptr<Server> server_;
};

TEST_F(LoginTest, TheCookieIsNotForScriptsAndNotForOtherSites) {
  StartServer();
  EXPECT_THAT(Ask("GET", "/login"), HasSubstr("form"));
  const std::string answer = Ask("POST", "/login", "", "name=Ann+Lee");
  EXPECT_EQ(answer.substr(0, 13), "HTTP/1.1 303 ");
  EXPECT_THAT(answer, HasSubstr("Location: /\r\n"));
  EXPECT_THAT(answer, HasSubstr("; Path=/; HttpOnly; SameSite=Strict; Max-Age=2592000\r\n"));
  const std::string cookie = LogIn("Ann+Lee");
  EXPECT_THAT(answer, Not(HasSubstr(cookie))) << "each login has its own token";
  EXPECT_EQ(Me(cookie), R"({"name":"Ann Lee"})");
  EXPECT_EQ(Me("other=1"), R"({"name":null})");
  EXPECT_EQ(Me(absl::StrCat(kCookie, "=guessed")), R"({"name":null})");
}

TEST_F(LoginTest, WithTlsTheCookieIsForTlsOnly) {
  StartServer(/*secure=*/true);
  EXPECT_THAT(Ask("POST", "/login", "", "name=Ann"),
              HasSubstr("; HttpOnly; SameSite=Strict; Max-Age=2592000; Secure\r\n"));
}

TEST_F(LoginTest, FormsOfOthersAndOtherMethodsAreRefused) {
  StartServer();
  for (const char* path : {"/login", "/logout"}) {
    EXPECT_EQ(Ask("POST", path, "Origin: http://example.com\r\n", "name=Ann").substr(0, 13),
              "HTTP/1.1 403 ");
    EXPECT_EQ(Ask("POST", path, "Origin: null\r\n", "name=Ann").substr(0, 13), "HTTP/1.1 403 ");
    EXPECT_EQ(Ask("POST", path, "Origin: http://localhost\r\n", "name=Ann").substr(0, 13),
              "HTTP/1.1 303 ");
    EXPECT_EQ(Ask("PUT", path, "", "name=Ann").substr(0, 13), "HTTP/1.1 405 ");
  }
}

TEST_F(LoginTest, ANameThatNobodyCanReadIsRefused) {
  StartServer();
  for (const char* body : {"", "name=", "name=%E2%80%AE", "name=%ff", "name=%",
                           "name=0123456789012345678901234567890123456789"}) {
    const std::string answer = Ask("POST", "/login", "", body);
    EXPECT_THAT(answer, HasSubstr("Location: /login#refused\r\n")) << body;
    EXPECT_THAT(answer, Not(HasSubstr("Set-Cookie"))) << body;
  }
}

TEST_F(LoginTest, LoggedOutIsForgotten) {
  StartServer();
  const std::string cookie = LogIn("Ann");
  const std::string answer = Ask("POST", "/logout", absl::StrCat("Cookie: ", cookie, "\r\n"));
  EXPECT_EQ(answer.substr(0, 13), "HTTP/1.1 303 ");
  EXPECT_THAT(answer,
              HasSubstr(absl::StrCat("Set-Cookie: ", kCookie,
                                     "=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0\r\n")));
  EXPECT_EQ(Me(cookie), R"({"name":null})");
}

// The room knows a person by a key, which guests choose themselves.
TEST_F(LoginTest, AllPagesOfALoginAreOnePerson) {
  StartServer();
  const std::string ann = LogIn("Ann"), bob = LogIn("Bob");
  const auto first = Enter("/", ann, "Ann", "ANNPAGE1");
  const auto second = Enter("/", ann, "Ann", "ANNPAGE2");
  ExpectPeople(*second, {"Ann"});
  const auto other = Enter("/", bob, "Bob", "BOBPAGE1");
  ExpectPeople(*other, {"Ann", "Bob"});  // although their pages have the same key
  const auto guest = Enter("/", "", "Cid", "CIDPAGE1");
  ExpectPeople(*guest, {"Ann", "Bob", "Cid"});
}

TEST_F(LoginTest, ALoginThatIsForgottenIsAGuestAndTheCookieIsDeleted) {
  StartServer();
  TestClient client(server_->address());
  client.Send(TestClient::UpgradeRequest(
      "/",
      absl::StrCat("Cookie: ", kCookie, "=old\r\nSec-WebSocket-Protocol: ", kSubprotocol, "\r\n")));
  const std::string head = client.ReadHead();
  EXPECT_EQ(head.substr(0, 13), "HTTP/1.1 101 ");
  EXPECT_THAT(head, HasSubstr(absl::StrCat("Set-Cookie: ", kCookie,
                                           "=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0\r\n")));
  EXPECT_NE(Enter("/", absl::StrCat(kCookie, "=old"), "Ann", "ANNPAGE1"), nullptr);
}

TEST_F(LoginTest, RoomsAreApart) {
  StartServer();
  const auto front = Enter("/", "", "Ann", "ANNPAGE1");
  const auto tea = Enter("/rooms/tea", "", "Bob", "BOBPAGE1");
  ExpectPeople(*tea, {"Bob"});
  const auto blue = Enter("/rooms/blue%20sky", LogIn("Cid"), "Cid", "CIDPAGE1");
  ExpectPeople(*blue, {"Cid"});
  const auto also_tea = Enter("/rooms/tea", LogIn("Dee"), "Dee", "DEEPAGE1");
  ExpectPeople(*also_tea, {"Bob", "Dee"});
}

TEST_F(LoginTest, RoomsHaveReadableNamesAndALimit) {
  StartServer();
  const auto status_of = [this](absl::string_view path) {
    TestClient client(server_->address());
    return client.Upgrade(path).substr(9, 3);
  };
  EXPECT_EQ(status_of("/rooms/%E2%80%AE"), "400");
  EXPECT_EQ(status_of("/rooms/%20tea"), "400");
  EXPECT_EQ(status_of("/rooms/%ff"), "400");
  for (size_t i = 0; i < Rooms::kMaxRooms; ++i) {
    EXPECT_EQ(status_of(absl::StrCat("/rooms/room", i)), "101");
  }
  EXPECT_EQ(status_of("/rooms/one-more"), "503");
  EXPECT_EQ(status_of("/rooms/room0"), "101");
  EXPECT_EQ(status_of("/"), "101") << "a first visitor of the front page";
}

// They fell to the room of the front page.
TEST_F(LoginTest, ARoomThatIsMistypedIsNone) {
  StartServer();
  for (const char* path : {"/rooms", "/rooms/", "/rooms/tea/", "/rooms/a%2Fb", "/tea"}) {
    TestClient client(server_->address());
    EXPECT_EQ(client.Upgrade(path).substr(9, 3), "404") << path;
  }
}

TEST(RoomsTest, TheFrontPageDoesNotCount) {
  Rooms rooms;
  EXPECT_TRUE(rooms.Find("").ok());
  for (size_t i = 0; i < Rooms::kMaxRooms; ++i) {
    EXPECT_TRUE(rooms.Find(absl::StrCat("room", i)).ok()) << i;
  }
  EXPECT_TRUE(rooms.Check("room0").ok());
  EXPECT_TRUE(absl::IsResourceExhausted(rooms.Check("one-more")));
  EXPECT_TRUE(absl::IsResourceExhausted(rooms.Find("one-more").status()));
  EXPECT_TRUE(rooms.Find("").ok());
}

// The tokens of those who had logged out counted.
TEST(AccountsTest, LogoutsLeaveRoomForOthers) {
  std::promise<std::optional<Account>> ann;
  {
    Accounts accounts(absl::ZeroDuration());
    std::string first;
    accounts.LogIn("Ann", [&](const absl::StatusOr<std::string>& token) { first = *token; });
    for (size_t i = 0; i < Accounts::kMaxAccounts; ++i) {
      std::promise<std::string> token;
      accounts.LogIn("Bob", [&](const absl::StatusOr<std::string>& made) {
        token.set_value(made.value_or(""));
      });
      std::promise<void> out;
      accounts.LogOut(token.get_future().get(), [&](const absl::Status&) { out.set_value(); });
      out.get_future().wait();
    }
    accounts.Find(first, [&](const absl::StatusOr<std::optional<Account>>& account) {
      ann.set_value(account.value_or(std::nullopt));
    });
  }
  EXPECT_TRUE(ann.get_future().get().has_value());
}

TEST(AccountsTest, EachQueryIsAnsweredOnce) {
  std::vector<std::future<std::string>> answers;
  int refused = 0;
  {
    Accounts accounts(absl::Hours(0));
    std::promise<void> open;
    std::promise<void> busy;
    accounts.LogOut("", [&](const absl::Status&) {
      busy.set_value();
      open.get_future().wait();
    });
    busy.get_future().wait();
    for (size_t i = 0; i < Accounts::kMaxWaiting + 5; ++i) {
      auto answer = std::make_shared<std::promise<std::string>>();
      answers.push_back(answer->get_future());
      accounts.LogIn("Ann", [answer, &refused](const absl::StatusOr<std::string>& token) {
        if (absl::IsUnavailable(token.status())) ++refused;
        answer->set_value(token.value_or(""));
      });
    }
    EXPECT_EQ(refused, 5);
    open.set_value();
  }
  size_t given = 0;
  for (auto& answer : answers) given += answer.get().empty() ? 0 : 1;
  EXPECT_EQ(given, Accounts::kMaxWaiting);
}

}  // namespace
}  // namespace weft::chat
