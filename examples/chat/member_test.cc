#include "examples/chat/member.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "examples/chat/messages.h"
#include "examples/chat/room.h"
#include "examples/chat/rooms.h"
#include "examples/chat/text.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "weft/client/client.h"
#include "weft/cluster/memory_broker.h"
#include "weft/cluster/testing/hub_thread.h"
#include "weft/server/server.h"

namespace weft::chat {
namespace {

using nlohmann::json;

// Limits a failure; it is not an expected duration.
constexpr absl::Duration kLimit = absl::Minutes(1);

class MemberTest : public ::testing::Test {
 protected:
  MemberTest() { server_ = StartNode(rooms_, nullptr); }

  std::unique_ptr<Server> StartNode(Rooms& rooms, std::shared_ptr<Broker> broker) {
    ServerOptions options = {.threads = 4};
    options.hooks.topic_options = OptionsOf;
    options.broker = std::move(broker);
    auto server = Server::Start(std::move(options),
                                MemberAcceptor(rooms, accounts_, [](absl::string_view) {}));
    EXPECT_TRUE(server.ok()) << server.status();
    return *std::move(server);
  }

  std::unique_ptr<Client> Connect(std::vector<std::string> subprotocols = {}) {
    return ConnectTo(*server_, std::move(subprotocols));
  }

  static std::unique_ptr<Client> ConnectTo(const Server& server,
                                           std::vector<std::string> subprotocols) {
    auto client = Client::Connect(absl::StrCat("ws://", server.address().ToString()),
                                  {.request = {.subprotocols = std::move(subprotocols)}});
    EXPECT_TRUE(client.ok()) << client.status();
    return *std::move(client);
  }

  std::unique_ptr<Client> ConnectPage() { return Connect({"other", kSubprotocol}); }

  // A page that gets all lines.
  std::unique_ptr<Client> Enter(const std::string& name) {
    auto client = EnterAt(*server_, Hello(name, name));
    Receive(*client, "at");
    return client;
  }

  static std::unique_ptr<Client> EnterAt(const Server& server, const json& hello) {
    auto client = ConnectTo(server, {"other", kSubprotocol});
    EXPECT_EQ(client->subprotocol(), kSubprotocol);
    Send(*client, hello);
    EXPECT_EQ(Receive(*client)["type"], "welcome");
    return client;
  }

  static json Hello(const std::string& person, const std::string& name) {
    return {{"type", "hello"},
            {"key", person + "KEYKEY"},
            {"sender", person + "PAGEPAGE"},
            {"name", name}};
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

  // Waits until the people of this node are these.
  static void ExpectPeople(Client& client, const std::string& node,
                           const std::vector<std::string>& names) {
    while (true) {
      const json message = Receive(client, "people");
      ASSERT_TRUE(message.is_object());
      std::vector<std::string> here;
      for (const json& each : message["people"]) here.push_back(each["name"]);
      if (here == names && message["node"] == node) return;
    }
  }

  static std::pair<CloseCode, std::string> ReasonForClosing(Client& client) {
    while (client.Receive(kLimit).ok()) {
    }
    const CloseInfo info = client.close_info();
    return {info.code, std::string(info.reason)};
  }

  Accounts accounts_{absl::ZeroDuration()};
  Rooms rooms_;
  std::unique_ptr<Server> server_;  // ends before the rooms, to which its sessions refer
};

TEST_F(MemberTest, PagesAndPlainMembersHearEachOther) {
  const auto ann = Enter("Ann"), bob = Enter("Bob");
  const auto plain = Connect();
  EXPECT_EQ(plain->subprotocol(), "");
  ASSERT_TRUE(plain->SendText("hello").ok());
  EXPECT_EQ(ReceiveText(*plain), "hello");
  Send(*ann, {{"type", "say"}, {"n", 1}, {"text", " <b>hi</b>\n"}});
  EXPECT_EQ(ReceiveText(*plain), "Ann: <b>hi</b>");
  for (Client* page : {ann.get(), bob.get()}) {
    EXPECT_EQ(Receive(*page, "line")["name"], "guest 1");
    EXPECT_EQ(Receive(*page, "line")["text"], "<b>hi</b>");
  }
}

TEST_F(MemberTest, WhoIsThere) {
  const auto ann = ConnectPage();
  Send(*ann, Hello("Ann", "Ann"));
  const std::string node = Receive(*ann)["node"];
  ExpectPeople(*ann, node, {"Ann"});
  const auto bob = Enter("Bob");
  ExpectPeople(*ann, node, {"Ann", "Bob"});
  const auto plain = Connect();
  ExpectPeople(*ann, node, {"Ann", "Bob", "guest 1"});
  Send(*bob, {{"type", "typing"}});
  EXPECT_EQ(Receive(*ann, "typing")["name"], "Bob");
  Send(*bob, {{"type", "name"}, {"name", " Rob "}});
  ExpectPeople(*ann, node, {"Ann", "Rob", "guest 1"});
  ASSERT_TRUE(bob->Close().ok());
  ExpectPeople(*ann, node, {"Ann", "guest 1"});
  ExpectPeople(*ann, node, {"Ann", "guest 1"});  // the roll call
}

// With the longest names, each another one: pages get the list of them, which fits into a queue.
TEST_F(MemberTest, PagesGetThePeopleOfAFullRoomWhichRefusesFurtherOnes) {
  Room& room = *rooms_.Find("").value();
  const auto ann = EnterAt(*server_, Hello("Ann", "Ann"));
  const json at = Receive(*ann, "at");
  const auto symbol = [](size_t number) {  // U+1F400 and the next ones
    return std::string("\xF0\x9F") + static_cast<char>(0x90 + number / 64) +
           static_cast<char>(0x80 + number % 64);
  };
  std::string rest;
  for (size_t i = 2; i < kMaxNameLength; ++i) rest += symbol(0);
  for (size_t i = 1; i < kMaxPeople; ++i) {
    const std::string name = absl::StrCat(symbol(i % 50), symbol(i / 50), rest);
    ASSERT_TRUE(
        room.Enter(MemberId{1} << 60 | i, {.key = absl::StrCat(i), .sender = "s", .name = name})
            .ok());
  }
  EXPECT_LE(Encode(room.people()).size(), OptionsOf(PeopleOf("")).max_queue_bytes);
  size_t people = 0;
  while (people != kMaxPeople) {
    const json message = Receive(*ann, "people");
    ASSERT_TRUE(message.is_object());
    people = message["people"].size();
  }

  const auto bob = ConnectPage();
  Send(*bob, Hello("Bob", "Bob"));
  EXPECT_EQ(Receive(*bob)["message"], "the room is full: 2000 people are here");
  for (const auto& [field, value] :
       {std::pair("since", std::string(at["position"])), std::pair("called", std::string("Eve"))}) {
    const auto returning = ConnectPage();
    json back = Hello("Eve", "Eve");
    back[field] = value;
    Send(*returning, back);
    EXPECT_EQ(ReasonForClosing(*returning),
              std::pair(CloseCode::kTryAgainLater,
                        std::string("the room is full: 2000 people are here")));
  }
  room.Leave(MemberId{1} << 60 | 1);
  Send(*bob, Hello("Bob", "Bob"));
  EXPECT_EQ(Receive(*bob)["type"], "welcome");
  const auto plain = Connect();
  EXPECT_EQ(
      ReasonForClosing(*plain),
      std::pair(CloseCode::kTryAgainLater, std::string("the room is full: 2000 people are here")));
}

TEST_F(MemberTest, ANewcomerGetsTheLastHundredLines) {
  const auto ann = Enter("Ann");
  for (int n = 1; n <= 140; ++n) {
    Send(*ann, {{"type", "say"}, {"n", n}, {"text", absl::StrCat("line ", n)}});
  }
  for (int n = 1; n <= 140; ++n) EXPECT_EQ(Receive(*ann, "line")["text"], absl::StrCat("line ", n));
  const auto bob = Enter("Bob");
  for (int n = 41; n <= 140; ++n) {
    EXPECT_EQ(Receive(*bob, "line")["text"], absl::StrCat("line ", n));
  }
}

// The position of a page after the lines that it got since `at`.
std::string Further(const json& at, uint64_t lines) {
  Position position = Position::Parse(std::string(at["position"])).value();
  position.offset += lines;
  return position.ToString();
}

TEST_F(MemberTest, APageContinuesAtAnotherNode) {
  testing::HubThread hub;
  Rooms rooms[2];
  std::unique_ptr<Server> nodes[2];
  for (int i : {0, 1}) nodes[i] = StartNode(rooms[i], std::make_shared<MemoryBroker>(hub.hub()));
  const auto ann = EnterAt(*nodes[0], Hello("Ann", "Ann"));
  const json at = Receive(*ann, "at");
  const auto bob = EnterAt(*nodes[1], Hello("Bob", "Bob"));
  Receive(*bob, "at");
  Send(*bob, {{"type", "say"}, {"n", 1}, {"text", "one"}});
  EXPECT_EQ(Receive(*ann, "line")["text"], "one");
  nodes[0] = nullptr;
  for (int n : {2, 3}) Send(*bob, {{"type", "say"}, {"n", n}, {"text", absl::StrCat(n)}});
  for (const char* text : {"one", "2", "3"}) EXPECT_EQ(Receive(*bob, "line")["text"], text);
  json hello = Hello("Ann", "Ann");
  hello["since"] = Further(at, 1);
  const auto again = EnterAt(*nodes[1], hello);
  EXPECT_EQ(Receive(*again, "at")["position"], Further(at, 1));
  EXPECT_EQ(Receive(*again, "line")["text"], "2");
  EXPECT_EQ(Receive(*again, "line")["text"], "3");
}

TEST_F(MemberTest, APageWhoseLinesAreNoLongerKeptIsTold) {
  const auto ann = ConnectPage();
  Send(*ann, Hello("Ann", "Ann"));
  const json at = Receive(*ann, "at");
  for (int n = 1; n <= 140; ++n) {
    Send(*ann, {{"type", "say"}, {"n", n}, {"text", absl::StrCat("line ", n)}});
  }
  for (int n = 1; n <= 140; ++n) Receive(*ann, "line");
  json hello = Hello("Bob", "Bob");
  hello["since"] = Further(at, 3);
  const auto bob = EnterAt(*server_, hello);
  EXPECT_EQ(Receive(*bob, "gap")["reason"], "too old");
  EXPECT_EQ(Receive(*bob, "at")["position"], Further(at, 40));
  EXPECT_EQ(Receive(*bob, "line")["text"], "line 41");
}

TEST_F(MemberTest, ALineThatIsSentAgainIsSaidOnce) {
  const auto ann = Enter("Ann");
  const json line = {{"type", "say"}, {"n", 1}, {"text", "one"}};
  Send(*ann, line);
  EXPECT_EQ(Receive(*ann, "line")["text"], "one");
  const auto again = Enter("Ann");
  Send(*again, line);
  Send(*again, {{"type", "say"}, {"n", 2}, {"text", "two"}});
  EXPECT_EQ(Receive(*ann, "line")["text"], "two");
}

TEST_F(MemberTest, APageWhoseLineIsNotStoredReconnectsAndSendsItAgain) {
  testing::HubThread hub;
  Rooms rooms;
  const auto broker = std::make_shared<MemoryBroker>(hub.hub());
  const auto node = StartNode(rooms, broker);
  const auto ann = EnterAt(*node, Hello("Ann", "Ann"));
  Receive(*ann, "at");
  hub.hub().Refuse(*broker, absl::UnavailableError("away"));
  const json line = {{"type", "say"}, {"n", 1}, {"text", "one"}};
  Send(*ann, line);
  EXPECT_EQ(ReasonForClosing(*ann),
            std::pair(CloseCode::kTryAgainLater, std::string("the room cannot store lines now")));
  hub.hub().Refuse(*broker, absl::OkStatus());
  const auto again = EnterAt(*node, Hello("Ann", "Ann"));
  Receive(*again, "at");
  Send(*again, line);
  EXPECT_EQ(Receive(*again, "line")["text"], "one");
}

// A node whose broker may refuse what is published for terminals.
class NodeWithoutPlain : public MemoryBroker {
 public:
  using MemoryBroker::MemoryBroker;

  void Publish(absl::string_view topic, const TopicHistory& history,
               std::vector<TopicMessage> messages, PublishDone done) override {
    if (refuses && topic == PlainOf("")) {
      return Post(absl::ZeroDuration(),
                  [done = std::move(done)]() mutable { done(absl::UnavailableError("away")); });
    }
    MemoryBroker::Publish(topic, history, std::move(messages), std::move(done));
  }

  std::atomic<bool> refuses = false;
};

TEST_F(MemberTest, ALineThatTerminalsDoNotGetIsSentAgain) {
  testing::HubThread hub;
  Rooms rooms;
  const auto broker = std::make_shared<NodeWithoutPlain>(hub.hub());
  const auto node = StartNode(rooms, broker);
  const auto plain = ConnectTo(*node, {});
  ASSERT_TRUE(plain->SendText("ready").ok());
  EXPECT_EQ(ReceiveText(*plain), "ready");
  const auto ann = EnterAt(*node, Hello("Ann", "Ann"));
  Receive(*ann, "at");
  broker->refuses = true;
  const json line = {{"type", "say"}, {"n", 1}, {"text", "one"}};
  Send(*ann, line);
  EXPECT_EQ(ReasonForClosing(*ann),
            std::pair(CloseCode::kTryAgainLater, std::string("the room cannot store lines now")));
  broker->refuses = false;
  const auto again = EnterAt(*node, Hello("Ann", "Ann"));
  Receive(*again, "at");
  Send(*again, line);
  for (const char* text : {"ready", "one"}) EXPECT_EQ(Receive(*again, "line")["text"], text);
  EXPECT_EQ(ReceiveText(*plain), "Ann: one");
}

// The talkers are on four loops; each loop must keep the same order, also for its own talkers.
// Pages and plain members have topics of their own, each with its order.
TEST_F(MemberTest, AllOfAKindHearTheSameInTheSameOrder) {
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
  for (int i = 0; i < kTalkers; ++i) EXPECT_EQ(heard[i], heard[i % 2]);
}

TEST_F(MemberTest, WhatAPersonDoesWrongIsToldAndNoMore) {
  const auto page = ConnectPage();
  Send(*page, Hello("Ann", "\u202E"));
  EXPECT_EQ(Receive(*page)["message"], "a name needs something that can be seen");
  Send(*page, Hello("Ann", std::string(33, 'x')));
  EXPECT_EQ(Receive(*page)["message"], "a name has at most 32 characters, and this has 33");
  Send(*page, Hello("Ann", "Ann"));
  EXPECT_EQ(Receive(*page)["type"], "welcome");
  Send(*page, {{"type", "say"}, {"n", 7}, {"text", std::string(kMaxTextBytes + 1, 'x')}});
  const json error = Receive(*page, "error");
  EXPECT_EQ(error["message"], "a message has at most 16384 bytes, and this one has 16385");
  EXPECT_EQ(error["n"], 7);
  Send(*page, {{"type", "name"}, {"name", ""}});
  EXPECT_EQ(Receive(*page, "error")["message"], "a name needs something that can be seen");
  Send(*page, {{"type", "ping"}});
  EXPECT_EQ(Receive(*page, "pong")["type"], "pong");
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
      {{R"({"type":"hello","key":"12345678","sender":"12345678","name":"x","since":"x"})"},
       "\"since\" should be a position"},
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
  ASSERT_TRUE(plain->SendText(std::string(kMaxTextBytes, 'x')).ok());
  EXPECT_EQ(ReceiveText(*plain), std::string(kMaxTextBytes, 'x'));
  ASSERT_TRUE(plain->SendText(std::string(kMaxTextBytes + 1, 'x')).ok());
  EXPECT_EQ(ReasonForClosing(*plain),
            std::pair(CloseCode::kMessageTooBig, std::string("a line has at most 16384 bytes")));
}

}  // namespace
}  // namespace weft::chat
