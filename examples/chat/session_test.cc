#include "examples/chat/session.h"

#include <functional>
#include <memory>
#include <sstream>
#include <streambuf>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace weft::chat {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr absl::string_view kGreeting = "---<Command Line Chat Initialized!>---\n> ";
constexpr absl::string_view kUsage =
    "Usage:\n"
    "\tconnect: Connect to the server\n"
    "\t__disconnect: Disconnect from the server\n"
    "\texit: Exit the program\n"
    "\thelp: Prints usage guide\n";

// The server, as a session's link sees it.
struct FakeChat {
  std::vector<std::string> sent;
  int connects = 0;
  int closes = 0;
  LinkListener* listener = nullptr;
  absl::Status connect_status;
  absl::Status send_status;
};

class FakeLink : public Link {
 public:
  explicit FakeLink(FakeChat& chat) : chat_(chat) {}
  absl::Status Send(absl::string_view text) override {
    if (chat_.send_status.ok()) chat_.sent.emplace_back(text);
    return chat_.send_status;
  }
  // Like a link whose thread sees the end: the listener is called before Close() returns.
  absl::Status Close() override {
    ++chat_.closes;
    chat_.listener->OnEnd(absl::FailedPreconditionError("closed by Close()"));
    return absl::OkStatus();
  }

 private:
  FakeChat& chat_;
};

// Returns its lines one at a time, and calls the functions between them when it reaches them.
class Script : public std::streambuf {
 public:
  explicit Script(std::ostringstream& out) : out_(out) {}

  Script& Type(absl::string_view line) {
    steps_.push_back([this, text = absl::StrCat(line, "\n")] {
      typed_ = text;
      out_ << typed_;  // a terminal echoes typed text
    });
    return *this;
  }
  Script& Then(std::function<void()> event) {
    steps_.push_back(std::move(event));
    return *this;
  }

 protected:
  int_type underflow() override {
    typed_.clear();
    while (typed_.empty()) {
      if (next_ == steps_.size()) return traits_type::eof();
      steps_[next_++]();
    }
    setg(typed_.data(), typed_.data(), typed_.data() + typed_.size());
    return traits_type::to_int_type(typed_[0]);
  }

 private:
  std::ostringstream& out_;
  std::vector<std::function<void()>> steps_;
  size_t next_ = 0;
  std::string typed_;
};

class SessionTest : public ::testing::Test {
 protected:
  // The final content of the terminal.
  std::string Run() {
    Session session(
        [this](LinkListener& listener) -> absl::StatusOr<std::unique_ptr<Link>> {
          ++chat_.connects;
          if (!chat_.connect_status.ok()) return chat_.connect_status;
          chat_.listener = &listener;
          return std::make_unique<FakeLink>(chat_);
        },
        out_);
    std::istream in(&script_);
    session.Run(in);
    return out_.str();
  }

  Script& Type(absl::string_view line) { return script_.Type(line); }
  std::function<void()> Message(const std::string& text) {
    return [this, text] { chat_.listener->OnMessage(text); };
  }
  std::function<void()> End(const std::string& why) {
    return [this, why] { chat_.listener->OnEnd(absl::UnavailableError(why)); };
  }

  std::ostringstream out_;
  Script script_{out_};
  FakeChat chat_;
};

TEST_F(SessionTest, RS34_RS37_GreetsAndExits) {
  Type("exit").Type("never read");
  EXPECT_EQ(Run(), absl::StrCat(kGreeting, "exit\nExiting Program!\n"));
}

TEST_F(SessionTest, RS35_Help) {
  Type("help").Type("exit");
  EXPECT_EQ(Run(), absl::StrCat(kGreeting, "help\n", kUsage, "> exit\nExiting Program!\n"));
}

TEST_F(SessionTest, RS36_ConnectsOrSaysWhyNot) {
  chat_.connect_status = absl::UnavailableError("Connection refused");
  Type("connect").Then([this] { chat_.connect_status = absl::OkStatus(); });
  Type("connect").Type("__disconnect").Type("exit");
  EXPECT_EQ(Run(), absl::StrCat(kGreeting, "connect\nConnection failed: (Connection refused)\n",
                                "> connect\nConnected successfully.\n",
                                "msg> __disconnect\nDisconnected successfully!\n",
                                "> exit\nExiting Program!\n"));
  EXPECT_EQ(chat_.connects, 2);
}

TEST_F(SessionTest, RS38_UnknownCommands) {
  Type("Connect").Type("__disconnect").Type("exit");
  std::string expected(kGreeting);
  for (const absl::string_view typed : {"Connect\n", "__disconnect\n"}) {
    absl::StrAppend(&expected, typed, "Command not recognized!\n", kUsage, "\n> ");
  }
  absl::StrAppend(&expected, "exit\nExiting Program!\n");
  EXPECT_EQ(Run(), expected);
}

TEST_F(SessionTest, RS39_AnEmptyLineBringsThePromptAgain) {
  Type("").Type("  \t").Type("connect").Type("").Type("__disconnect").Type("exit");
  EXPECT_EQ(Run(), absl::StrCat(kGreeting, "\n>   \t\n> connect\nConnected successfully.\n",
                                "msg> \nmsg> __disconnect\nDisconnected successfully!\n",
                                "> exit\nExiting Program!\n"));
  EXPECT_THAT(chat_.sent, IsEmpty());
}

TEST_F(SessionTest, RS40_Disconnects) {
  Type("connect").Type("__disconnect").Type("exit");
  EXPECT_EQ(Run(), absl::StrCat(kGreeting, "connect\nConnected successfully.\n",
                                "msg> __disconnect\nDisconnected successfully!\n",
                                "> exit\nExiting Program!\n"));
  EXPECT_EQ(chat_.closes, 1);
}

TEST_F(SessionTest, RS41_RS42_SendsAndTheBroadcastBringsThePrompt) {
  Type("connect").Type("hello").Then(Message("hello"));
  Type("exit").Then(Message("exit")).Type("help").Then(Message("help"));
  Type("__disconnect").Type("exit");
  EXPECT_EQ(Run(), absl::StrCat(kGreeting, "connect\nConnected successfully.\n",
                                "msg> hello\nrcv=> hello\n", "msg> exit\nrcv=> exit\n",
                                "msg> help\nrcv=> help\n",
                                "msg> __disconnect\nDisconnected successfully!\n",
                                "> exit\nExiting Program!\n"));
  EXPECT_THAT(chat_.sent, ElementsAre("hello", "exit", "help"));
}

TEST_F(SessionTest, RS41_SaysWhySendingFailed) {
  chat_.send_status = absl::DeadlineExceededError("the peer does not read");
  Type("connect").Type("hello").Type("__disconnect").Type("exit");
  EXPECT_EQ(Run(), absl::StrCat(kGreeting, "connect\nConnected successfully.\n",
                                "msg> hello\nError while sending: the peer does not read\n",
                                "msg> __disconnect\nDisconnected successfully!\n",
                                "> exit\nExiting Program!\n"));
}

// Another member's message arrives while the cursor is after the prompt.
TEST_F(SessionTest, RS42_AMessageStandsOnItsOwnLine) {
  Type("connect").Then(Message("one")).Then(Message("two")).Type("__disconnect").Type("exit");
  EXPECT_EQ(Run(),
            absl::StrCat(kGreeting, "connect\nConnected successfully.\n", "msg> \nrcv=> one\n",
                         "msg> \nrcv=> two\n", "msg> __disconnect\nDisconnected successfully!\n",
                         "> exit\nExiting Program!\n"));
}

TEST_F(SessionTest, RS43_InputIsTrimmed) {
  Type("  connect\t").Type("  hello there \r").Then(Message("hello there"));
  Type(" __disconnect ").Type(" exit ");
  EXPECT_EQ(Run(), absl::StrCat(kGreeting, "  connect\t\nConnected successfully.\n",
                                "msg>   hello there \r\nrcv=> hello there\n",
                                "msg>  __disconnect \nDisconnected successfully!\n",
                                ">  exit \nExiting Program!\n"));
  EXPECT_THAT(chat_.sent, ElementsAre("hello there"));
}

TEST_F(SessionTest, RS44_EndOfInputEndsTheProgram) {
  EXPECT_EQ(Run(), absl::StrCat(kGreeting, "\nExiting Program!\n"));
}

TEST_F(SessionTest, RS44_EndOfInputClosesTheConnection) {
  Type("connect");
  EXPECT_EQ(Run(), absl::StrCat(kGreeting, "connect\nConnected successfully.\n",
                                "msg> \nExiting Program!\n"));
  EXPECT_EQ(chat_.closes, 1);
}

TEST_F(SessionTest, RS44_AServerThatGoesAwayTurnsTheStateOff) {
  Type("connect").Then(End("going away")).Then(Message("too late"));
  Type("help").Type("connect").Type("hi").Then(Message("hi")).Type("__disconnect").Type("exit");
  EXPECT_EQ(Run(),
            absl::StrCat(kGreeting, "connect\nConnected successfully.\n",
                         "msg> \nConnection closed by server: (going away)\n", "> help\n", kUsage,
                         "> connect\nConnected successfully.\n", "msg> hi\nrcv=> hi\n",
                         "msg> __disconnect\nDisconnected successfully!\n",
                         "> exit\nExiting Program!\n"));
}

TEST_F(SessionTest, WhatAPeerSendsIsShownAndNotObeyed) {
  Type("connect").Then(Message("\x1b]0;owned\a\nrcv=> \u202e\x9b")).Then(End("bye\x1b[2J"));
  EXPECT_EQ(Run(), absl::StrCat(kGreeting, "connect\nConnected successfully.\n",
                                "msg> \nrcv=> \\x1b]0;owned\\x07\\x0arcv=> \\u202e\\x9b\n",
                                "msg> \nConnection closed by server: (bye\\x1b[2J)\n",
                                "> \nExiting Program!\n"));
}

}  // namespace
}  // namespace weft::chat
