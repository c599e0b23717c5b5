#include "examples/inspect/visitor.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "examples/inspect/tap_entry.h"
#include "examples/inspect/tap_log.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "weft/client/client.h"
#include "weft/server/server.h"

namespace examples {
namespace {

using nlohmann::json;

// A server with a tap's log, and a page that watches.
class VisitorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    weft::ServerOptions options;
    options.sending.max_queue_bytes = 1 << 20;
    auto server = weft::Server::Start(
        options,
        VisitorAcceptor({}, {.log = &log_, .connect = "ws://tap/", .forwards = {"ws://far/"}}));
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    auto page = weft::Client::Connect(absl::StrCat("ws://127.0.0.1:", server_->port(), "/wire"));
    ASSERT_TRUE(page.ok()) << page.status();
    page_ = *std::move(page);
  }

  json Receive() {
    const absl::StatusOr<weft::Message> message = page_->Receive(absl::Minutes(2));
    EXPECT_TRUE(message.ok()) << message.status();
    if (!message.ok()) return json::object();
    return json::parse(message->payload.begin(), message->payload.end(), nullptr, false);
  }

  static TapEntry Note(const std::string& text) {
    TapEntry entry;
    entry.text = text;
    return entry;
  }

  TapLog log_;
  std::unique_ptr<weft::Server> server_;
  std::unique_ptr<weft::Client> page_;
};

TEST_F(VisitorTest, IsGreetedWithItsOwnHandshakeAndTheTap) {
  const json hello = Receive();
  EXPECT_EQ(hello["type"], "hello");
  EXPECT_EQ(hello["request"][0]["text"], "GET /wire HTTP/1.1");
  EXPECT_EQ(hello["response"][0]["text"], "HTTP/1.1 101 Switching Protocols");
  EXPECT_EQ(hello["tap"]["connect"], "ws://tap/");
  EXPECT_EQ(hello["tap"]["forwards"], json::array({"ws://far/"}));
}

TEST_F(VisitorTest, GetsWhatIsKeptThenWhatComesAndAllAboutOne) {
  Receive();
  EXPECT_EQ(Receive()["entries"], json::array());  // none is kept yet
  for (const char* text : {"one", "two"}) {
    log_.Add(Note(text));
    const json live = Receive();
    EXPECT_EQ(live["type"], "tap");
    ASSERT_EQ(live["entries"].size(), 1u);
    EXPECT_EQ(live["entries"][0]["text"], text);
  }
  ASSERT_TRUE(page_->SendText(R"({"type": "entry", "id": 2})").ok());
  const json entry = Receive();
  EXPECT_EQ(entry["type"], "entry");
  EXPECT_EQ(entry["text"], "two");
  ASSERT_TRUE(page_->SendText(R"({"type": "entry", "id": 3})").ok());
  EXPECT_EQ(Receive()["type"], "error");

  auto later = weft::Client::Connect(absl::StrCat("ws://127.0.0.1:", server_->port(), "/wire"));
  ASSERT_TRUE(later.ok()) << later.status();
  std::swap(page_, *later);
  Receive();
  const json kept = Receive();
  ASSERT_EQ(kept["entries"].size(), 2u);
  EXPECT_EQ(kept["entries"][0]["text"], "one");
  EXPECT_EQ(kept["entries"][1]["id"], 2);
}

TEST_F(VisitorTest, SeesAFrameWhileItArrives) {
  Receive();
  Receive();
  TapEntry entry;
  entry.connection = 1;
  entry.kind = TapEntry::Kind::kFrame;
  entry.frame.header.payload_length = 1000;
  entry.frame.payload_bytes = 10;
  log_.Arrive(entry);
  const json arriving = Receive();
  EXPECT_EQ(arriving["type"], "arriving");
  EXPECT_EQ(arriving["entry"]["payloadBytes"], 10);
  EXPECT_EQ(arriving["entry"]["lengthBytes"], 1000);

  const auto greeted = [this] {  // a page that comes later
    auto later = weft::Client::Connect(absl::StrCat("ws://127.0.0.1:", server_->port(), "/wire"));
    EXPECT_TRUE(later.ok()) << later.status();
    std::swap(page_, *later);
    Receive();
    Receive();
    log_.Add(Note("now"));
    return Receive();
  };
  EXPECT_EQ(greeted(), arriving);
  entry.frame.payload_bytes = 1000;
  log_.Add(entry);
  EXPECT_EQ(greeted()["type"], "tap") << "it has arrived";
  log_.Arrive(entry);
  log_.Forget(1);
  EXPECT_EQ(greeted()["type"], "tap") << "its connection is closed";
}

// More than the kernel's buffers and the queue hold is sent while the page does not read.
TEST_F(VisitorTest, WhoReadsSlowlyMissesTheOldestAndGetsTheLatest) {
  Receive();
  Receive();
  constexpr uint64_t kEntries = 800;
  const std::string large(64 << 10, 'x');
  for (uint64_t i = 0; i < kEntries; ++i) log_.Add(Note(large));
  uint64_t last = 0, got = 0;
  while (last < kEntries) {
    const json live = Receive();
    ASSERT_EQ(live["entries"].size(), 1u);
    const uint64_t id = live["entries"][0]["id"].get<uint64_t>();
    ASSERT_GT(id, last);
    last = id;
    ++got;
  }
  EXPECT_LT(got, kEntries);
}

}  // namespace
}  // namespace examples
