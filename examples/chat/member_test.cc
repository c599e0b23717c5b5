#include "examples/chat/member.h"

#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "examples/chat/room_thread.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "weft/client/client.h"
#include "weft/server/server.h"

namespace weft::chat {
namespace {

using nlohmann::json;

// Limits a failure; it is not an expected duration.
constexpr absl::Duration kLimit = absl::Minutes(1);

class MemberTest : public testing::Test {
 protected:
  explicit MemberTest(std::function<void(absl::string_view)> on_line = [](absl::string_view) {})
      : room_(std::move(on_line)) {
    auto server = Server::Start({.threads = 4}, MemberAcceptor(room_));
    EXPECT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  std::unique_ptr<Client> Connect(std::vector<std::string> subprotocols = {}) {
    auto client = Client::Connect(absl::StrCat("ws://", server_->address().ToString()),
                                  {.request = {.subprotocols = std::move(subprotocols)}});
    EXPECT_TRUE(client.ok()) << client.status();
    return *std::move(client);
  }

  std::unique_ptr<Client> ConnectPage() { return Connect({"other", kSubprotocol}); }

  // A page that got its welcome.
  std::unique_ptr<Client> Enter(const std::string& name) {
    auto client = ConnectPage();
    EXPECT_EQ(client->subprotocol(), kSubprotocol);
    Send(*client, Hello(name, name));
    EXPECT_EQ(Receive(*client)["type"], "welcome");
    return client;
  }

  static json Hello(const std::string& person, const std::string& name) {
    return {{"type", "hello"},
            {"key", person + "KEYKEY"},
            {"sender", person + "PAGEPAGE"},
            {"name", name},
            {"room", ""},
            {"seen", 0}};
  }

  static void Send(Client& client, const json& message) {
    EXPECT_TRUE(client.SendText(message.dump()).ok());
  }

  static std::string ReceiveText(Client& client) {
    const auto message = client.Receive(kLimit);
    EXPECT_TRUE(message.ok()) << message.status();
    return message.ok() ? std::string(message->payload) : std::string();
  }

  static json Receive(Client& client) {
    return json::parse(ReceiveText(client), nullptr, /*allow_exceptions=*/false);
  }

  // The next message of this type.
  static json Receive(Client& client, const std::string& type) {
    while (true) {
      const json message = Receive(client);
      if (!message.is_object() || message["type"] == type) return message;
    }
  }

  static std::pair<CloseCode, std::string> ReasonForClosing(Client& client) {
    while (client.Receive(kLimit).ok()) {
    }
    const CloseInfo info = client.close_info();
    return {info.code, std::string(info.reason)};
  }

  RoomThread room_;
  std::unique_ptr<Server> server_;  // ends before the room, which its sessions refer to
};

TEST_F(MemberTest, PagesAndPlainMembersHearEachOther) {
  const auto ann = Enter("Ann"), bob = Enter("Bob");
  const auto plain = Connect();
  EXPECT_EQ(plain->subprotocol(), "");
  EXPECT_EQ(Receive(*ann), json({{"type", "joined"}, {"name", "Bob"}}));
  EXPECT_EQ(Receive(*ann), json({{"type", "joined"}, {"name", "guest 1"}}));
  Send(*ann, {{"type", "say"}, {"n", 1}, {"text", " <b>hi</b>\n"}});
  EXPECT_EQ(ReceiveText(*plain), "Ann: <b>hi</b>");
  EXPECT_EQ(Receive(*ann, "line")["own"], true);
  EXPECT_EQ(Receive(*bob, "line")["text"], "<b>hi</b>");
  ASSERT_TRUE(plain->SendText("hello").ok());
  EXPECT_EQ(ReceiveText(*plain), "hello");
  for (Client* page : {ann.get(), bob.get()}) {
    const json line = Receive(*page, "line");
    EXPECT_EQ(line["name"], "guest 1");
    EXPECT_EQ(line["text"], "hello");
  }
}

TEST_F(MemberTest, WhoIsThere) {
  const auto ann = Enter("Ann");
  auto bob = Enter("Bob");
  Send(*bob, {{"type", "typing"}});
  Send(*bob, {{"type", "name"}, {"name", " Rob "}});
  ASSERT_TRUE(bob->Close().ok());
  EXPECT_EQ(Receive(*ann), json({{"type", "joined"}, {"name", "Bob"}}));
  EXPECT_EQ(Receive(*ann), json({{"type", "typing"}, {"name", "Bob"}}));
  EXPECT_EQ(Receive(*ann), json({{"type", "renamed"}, {"from", "Bob"}, {"to", "Rob"}}));
  EXPECT_EQ(Receive(*ann), json({{"type", "left"}, {"name", "Rob"}}));
}

// The talkers are on four loops; each loop must keep the same order, also for its own talkers.
TEST_F(MemberTest, EverybodyHearsTheSameInTheSameOrder) {
  constexpr int kTalkers = 8, kLines = 100;
  std::vector<std::vector<std::string>> heard(kTalkers);
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < kTalkers; ++i) {
    clients.push_back(i % 2 == 0 ? Connect() : Enter(absl::StrCat("page", i)));
  }
  // A plain member gets no welcome: it is in the room once it receives its own line.
  for (int i = 0; i < kTalkers; i += 2) {
    ASSERT_TRUE(clients[i]->SendText(absl::StrCat("ready", i)).ok());
    while (ReceiveText(*clients[i]) != absl::StrCat("ready", i)) {
    }
  }
  std::vector<std::thread> threads;
  for (int i = 0; i < kTalkers; ++i) {
    threads.emplace_back([&, i, is_page = i % 2 == 1] {
      Client& client = *clients[i];
      for (int n = 1; n <= kLines; ++n) {
        const std::string text = absl::StrCat(i, ".", n);
        if (is_page) {
          Send(client, {{"type", "say"}, {"n", n}, {"text", text}});
        } else {
          ASSERT_TRUE(client.SendText(text).ok());
        }
      }
      while (heard[i].size() < kTalkers * kLines) {
        std::string text =
            is_page ? Receive(client, "line").value("text", "") : ReceiveText(client);
        ASSERT_FALSE(text.empty());
        if (absl::StartsWith(text, "ready")) continue;
        heard[i].push_back(text.substr(text.rfind(' ') + 1));  // without the name
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& lines : heard) EXPECT_EQ(lines, heard[0]);
}

TEST_F(MemberTest, WhatAPersonDoesWrongIsToldAndNoMore) {
  const auto page = ConnectPage();
  Send(*page, Hello("Ann", "\u202E"));
  EXPECT_EQ(Receive(*page)["message"], "a name needs something that can be seen");
  Send(*page, Hello("Ann", std::string(33, 'x')));
  EXPECT_EQ(Receive(*page)["message"], "a name has at most 32 characters, and this has 33");
  Send(*page, Hello("Ann", "Ann"));
  EXPECT_EQ(Receive(*page)["type"], "welcome");
  Send(*page, {{"type", "say"}, {"n", 7}, {"text", std::string(4097, 'x')}});
  const json error = Receive(*page);
  EXPECT_EQ(error["message"], "a line has at most 4096 bytes, and this has 4097");
  EXPECT_EQ(error["n"], 7);
  Send(*page, {{"type", "name"}, {"name", ""}});
  EXPECT_EQ(Receive(*page)["type"], "error");
  Send(*page, {{"type", "ping"}});
  EXPECT_EQ(Receive(*page)["type"], "pong");
}

TEST_F(MemberTest, ABrokenPageIsToldWhyItIsClosed) {
  const std::pair<std::vector<std::string>, std::string> cases[] = {
      {{"hello"}, "the message is not JSON"},
      {{R"({"type":"hello"})"}, "\"key\" should be a string"},
      {{R"({"type":"dance"})"}, "unknown \"type\" of message"},
      {{R"({"type":"say","n":1,"text":"x"})"}, "a page must say hello first"},
      {{R"({"type":"typing"})"}, "a page must say hello first"},
      {{R"({"type":"name","name":"x"})"}, "a page must say hello first"},
      {{Hello("Ann", "Ann").dump(), Hello("Ann", "Ann").dump()}, "a page must say hello only once"},
  };
  for (const auto& [messages, why] : cases) {
    const auto page = ConnectPage();
    for (const std::string& message : messages) ASSERT_TRUE(page->SendText(message).ok());
    EXPECT_EQ(ReasonForClosing(*page), std::pair(CloseCode::kPolicyViolation, why));
  }
}

TEST_F(MemberTest, TheChatIsTextOfSomeLength) {
  for (const auto& client : {Connect(), ConnectPage()}) {
    ASSERT_TRUE(client->SendBinary("hello").ok());
    EXPECT_EQ(ReasonForClosing(*client),
              std::pair(CloseCode::kUnsupportedData, std::string("the chat is text")));
  }
  const auto plain = Connect();
  ASSERT_TRUE(plain->SendText(std::string(4096, 'x')).ok());
  EXPECT_EQ(ReceiveText(*plain), std::string(4096, 'x'));
  ASSERT_TRUE(plain->SendText(std::string(4097, 'x')).ok());
  EXPECT_EQ(ReasonForClosing(*plain),
            std::pair(CloseCode::kMessageTooBig, std::string("a line has at most 4096 bytes")));
}

// A room whose thread blocks at the first line until the test releases it.
class BusyRoomTest : public MemberTest {
 protected:
  BusyRoomTest() : MemberTest([this](absl::string_view) { Hold(); }) {}

  void WaitUntilHeld() { held_.get_future().wait(); }
  void LetGo() { let_go_.set_value(); }

  void Fill() {
    while (room_.Post(1000, Typing())) {
    }
  }

 private:
  void Hold() {
    if (std::exchange(was_held_, true)) return;
    held_.set_value();
    let_go_.get_future().wait();
  }

  bool was_held_ = false;
  std::promise<void> held_, let_go_;
};

TEST_F(BusyRoomTest, TooMuchIsRefusedButLeaving) {
  ASSERT_TRUE(room_.Post(1, RoomThread::EnterPlain()));
  ASSERT_TRUE(room_.Post(1, RoomThread::PlainText{"hold the thread"}));
  WaitUntilHeld();
  for (size_t i = 0; i < RoomThread::kMaxWaiting; ++i) ASSERT_TRUE(room_.Post(1, Typing()));
  EXPECT_FALSE(room_.Post(1, RoomThread::PlainText{"too much"}));
  EXPECT_TRUE(room_.Post(1, RoomThread::Leave()));
  LetGo();
}

// If the third line were received, the page would not send the second again.
TEST_F(BusyRoomTest, NothingIsHeardBehindALineThatWasRefused) {
  const auto ann = Enter("Ann");
  Send(*ann, {{"type", "say"}, {"n", 1}, {"text", "one"}});
  WaitUntilHeld();
  Fill();
  Send(*ann, {{"type", "say"}, {"n", 2}, {"text", "two"}});
  while (server_->metrics().messages_received < 3) std::this_thread::yield();
  LetGo();
  while (!room_.Post(1000, Typing())) std::this_thread::yield();
  Send(*ann, {{"type", "say"}, {"n", 3}, {"text", "three"}});
  while (server_->metrics().messages_received < 4) std::this_thread::yield();
  EXPECT_EQ(ReasonForClosing(*ann),
            std::pair(CloseCode::kTryAgainLater, std::string("the room is too busy")));
  const auto again = ConnectPage();
  Send(*again, Hello("Ann", "Ann"));
  EXPECT_EQ(Receive(*again)["heard"], 1);
}

}  // namespace
}  // namespace weft::chat
