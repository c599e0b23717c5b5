// The memory that the connections of a loop may hold together.

#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "weft/client/async/async_client.h"
#include "weft/client/async/client_loop.h"
#include "weft/client/async/client_ref.h"
#include "weft/client/async/testing/client_loop_fixture.h"
#include "weft/core/deflate/compression.h"
#include "weft/core/frame/frame.h"
#include "weft/core/frame/opcode.h"
#include "weft/core/testing/frames.h"
#include "weft/testing/fake_server.h"

namespace weft {
namespace {

using testing::FakePeer;
using testing::FakeServer;
using testing::ServerFrame;

constexpr size_t kLimit = 256 << 10;  // less than connection.max_message_bytes
constexpr absl::string_view kDropped = "by limit limits.max_buffered_bytes";

class ClientMemoryTest : public testing::ClientLoopFixture {
 protected:
  ~ClientMemoryTest() override { loop_.reset(); }
};

// The beginning of a message that never ends.
std::string Unfinished(size_t bytes) {
  return testing::Frame({.fin = false, .opcode = Opcode::kBinary, .payload_length = bytes},
                        std::string(bytes, 'x'));
}

TEST_F(ClientMemoryTest, TheConnectionThatHoldsTheMostIsDropped) {
  StartLoop({.limits = {.max_buffered_bytes = kLimit}});
  FakeServer small([](FakePeer& peer) {
    peer.AcceptUpgrade(Unfinished(1000));
    peer.ReadToEnd();  // an echo inside of the unfinished message would be an error
  });
  FakeServer large([](FakePeer& peer) {
    peer.AcceptUpgrade();
    peer.Write(Unfinished(2 * kLimit));
    peer.ReadToEnd();
  });
  const ClientRef stays = Open(small.url());
  Connect(large.url());
  journal_.WaitForPart(std::string(kDropped));
  EXPECT_EQ(Count({"close"}), 1);
  EXPECT_TRUE(stays.SendText("still here").ok());
  EXPECT_TRUE(stays.Terminate().ok());
  journal_.WaitFor("close 1006 terminated by the application by application ");
}

TEST_F(ClientMemoryTest, UnsentDataCounts) {
  StartLoop(
      {.sending = {.pause_reading_bytes = 64 << 20}, .limits = {.max_buffered_bytes = kLimit}});
  std::promise<void> read;
  FakeServer server([&read](FakePeer& peer) {
    peer.AcceptUpgrade();
    read.get_future().wait();
    peer.ReadToEnd();
  });
  Open(server.url(), {.on_open = [](AsyncClient& client) {
         for (int i = 0; i < 200; ++i) client.SendBinary(std::string(100000, 'x')).IgnoreError();
       }});
  journal_.WaitForPart(std::string(kDropped));
  journal_.WaitFor("destroyed");
  read.set_value();
}

TEST_F(ClientMemoryTest, TheMemoryOfADroppedConnectionIsFree) {
  StartLoop({.limits = {.max_buffered_bytes = kLimit}});
  for (int i = 0; i < 8; ++i) {
    journal_.Clear();
    FakeServer server([](FakePeer& peer) {
      peer.AcceptUpgrade(Unfinished(kLimit / 4));
      peer.EchoToEnd();
    });
    const ClientRef client = Open(server.url());
    EXPECT_TRUE(client.SendText("x").ok());
    EXPECT_TRUE(client.Terminate().ok());
    journal_.WaitFor("destroyed");
    EXPECT_EQ(Count({"close 1006 terminated"}), 1);
  }
}

TEST_F(ClientMemoryTest, AConnectionWhoseCompressorsDoNotFitIsNotOpened) {
  StartLoop({.limits = {.max_buffered_bytes = 10000}});
  ClientOptions options;
  options.connection.compression.use = CompressionOptions::Use::kOn;
  const auto accept = [](FakePeer& peer) {
    peer.AcceptCompressed({.use = CompressionOptions::Use::kOn});
    peer.ReadToEnd();
  };
  FakeServer server(accept);
  Connect(server.url(), {}, options);
  journal_.WaitForPart("failed RESOURCE_EXHAUSTED: " + server.url() + ": the ");
  journal_.WaitForPart(
      "bytes of its compressors would exceed limits.max_buffered_bytes, "
      "of which each thread has 10000");
  journal_.WaitFor("destroyed");

  FakeServer plain([](FakePeer& peer) {
    peer.AcceptUpgrade();
    peer.ReadToEnd();
  });
  Open(plain.url(), {}, options);
}

TEST_F(ClientMemoryTest, ACompressedConnectionHoldsOnlyItsReserveBetweenMessages) {
  StartLoop();
  const CompressionOptions compression = {.use = CompressionOptions::Use::kOn};
  FakeServer server([&compression](FakePeer& peer) {
    peer.AcceptCompressed(compression);
    peer.EchoToEnd();
  });
  ClientOptions options;
  options.connection.compression = compression;
  const ClientRef client = Open(server.url(), {}, options);
  // Seen between two steps of the connection.
  const auto account = [&] {
    std::promise<uint64_t> bytes;
    EXPECT_TRUE(client
                    .Post([this, &bytes](AsyncClient&) {
                      bytes.set_value(loop_->metrics().buffered_bytes);
                    })
                    .ok());
    return bytes.get_future().get();
  };
  const uint64_t reserve = account();
  EXPECT_GT(reserve, 0u);
  for (int i = 0; i < 8; ++i) {
    const std::string number = absl::StrCat(i, " ");
    EXPECT_TRUE(client.SendText(number + std::string(1000 << i, 'x')).ok());
    journal_.WaitForPart("message " + number);
    EXPECT_EQ(account(), reserve) << i;
  }
}

TEST_F(ClientMemoryTest, BeyondItTimersAndMessagesOfOtherThreadsAreRefused) {
  StartLoop({.limits = {.max_buffered_bytes = 100000}});
  FakeServer server([](FakePeer& peer) {
    peer.AcceptUpgrade();
    peer.ReadToEnd();
  });
  const ClientRef client =
      Open(server.url(), {.on_open = [this](AsyncClient& opened) {
             int taken = 0;
             absl::Status status;
             while (status.ok() && taken < 100000) {
               status = opened.RunAfter(absl::Hours(1), [](AsyncClient&) {}).status();
               taken += status.ok();
             }
             EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
             EXPECT_GT(taken, 100);
             journal_.Write("full");
           }});
  journal_.WaitFor("full");
  EXPECT_TRUE(absl::IsResourceExhausted(client.SendText("x")));
}

TEST(ClientMemory, NoMemoryIsAMistake) {
  absl::Status status = ClientLoop::Create({.limits = {.max_buffered_bytes = 0}}).status();
  EXPECT_EQ(status.message(), "limits.max_buffered_bytes is 0, expected at least 1");
  status = ClientLoop::Create({.threads = 4, .limits = {.max_buffered_bytes = 3}}).status();
  EXPECT_EQ(status.message(), "limits.max_buffered_bytes is 3, expected at least 4");
}

}  // namespace
}  // namespace weft
