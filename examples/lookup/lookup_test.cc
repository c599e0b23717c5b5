#include "examples/lookup/lookup.h"

#include <future>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "examples/lookup/lookup_handler.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/client/client.h"

namespace examples {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(LookupTest, LocalhostNeedsNoNetwork) {
  const std::string answer = LookUp("localhost");
  EXPECT_THAT(answer, StartsWith("localhost: "));
  EXPECT_THAT(answer, AnyOf(HasSubstr(" 127."), HasSubstr(" ::1")));
}

TEST(LookupTest, WhatIsNoNameIsSaidSo) {
  EXPECT_THAT(LookUp("no name"), StartsWith("no name: "));
  EXPECT_THAT(LookUp("no name"), ::testing::Not(HasSubstr("127.")));
}

// A server whose lookups of "slow" end when the test lets them.
class LookupServerTest : public ::testing::Test {
 protected:
  LookupServerTest() {
    auto server = weft::Server::Start(
        {.handler_threads = 2, .connection = {.max_message_bytes = kLongestName}},
        [this](auto&, auto&) {
          return std::make_unique<LookupHandler>([this](const std::string& name) {
            if (name == "slow") released_.wait();
            return absl::StrCat(name, ": found");
          });
        });
    EXPECT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  std::unique_ptr<weft::Client> Connect() {
    auto client = weft::Client::Connect(absl::StrCat("ws://127.0.0.1:", server_->port()));
    EXPECT_TRUE(client.ok()) << client.status();
    return *std::move(client);
  }

  static std::string Answer(weft::Client& client) {
    const auto message = client.Receive(absl::Seconds(30));
    return message.ok() ? std::string(message->payload) : message.status().ToString();
  }

  std::promise<void> release_;
  const std::shared_future<void> released_ = release_.get_future().share();
  std::unique_ptr<weft::Server> server_;
};

TEST_F(LookupServerTest, NobodysSlowLookupDelaysAnothers) {
  const std::unique_ptr<weft::Client> slow = Connect(), quick = Connect();
  ASSERT_TRUE(slow->SendText("slow").ok());
  ASSERT_TRUE(slow->SendText("behind it").ok());
  for (const std::string name : {"one", "two", "three"}) {
    ASSERT_TRUE(quick->SendText(name).ok());
    EXPECT_EQ(Answer(*quick), name + ": found");
  }
  release_.set_value();
  EXPECT_EQ(Answer(*slow), "slow: found");
  EXPECT_EQ(Answer(*slow), "behind it: found");
}

TEST_F(LookupServerTest, BinaryIsNoName) {
  const std::unique_ptr<weft::Client> client = Connect();
  ASSERT_TRUE(client->SendBinary("localhost").ok());
  EXPECT_THAT(Answer(*client), HasSubstr("names are text"));
  release_.set_value();
}

}  // namespace
}  // namespace examples
