// The memory of an idle TLS stream.

#include <malloc.h>

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "weft/transport/io.h"
#include "weft/transport/stream.h"
#include "weft/transport/testing/tls_pair.h"
#include "weft/transport/tls_context.h"
#include "weft/transport/tls_options.h"

namespace weft {
namespace {

using testing::TestCaFile;
using testing::TestIdentity;
using testing::TestTlsClient;
using testing::TestTlsServer;
using testing::TlsPair;

size_t AllocatedNow() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

// Bytes allocated during the measurement.
template <typename Work>
ptrdiff_t Allocated(Work work) {
  const size_t before = AllocatedNow();
  work();
  return static_cast<ptrdiff_t>(AllocatedNow() - before);
}

// The average cost of a server's end, after it has sent and received 100 kB.
ptrdiff_t BytesOfAnIdleServer(TlsContext& client, TlsContext& server) {
  constexpr int kWarmUp = 10, kPairs = 200;
  const std::string much(100000, 'm');
  std::vector<TlsPair> pairs(kWarmUp + kPairs);
  ptrdiff_t bytes = 0;
  for (size_t i = 0; i < pairs.size(); ++i) {
    Stream& ours = pairs[i].server;
    EXPECT_TRUE(pairs[i].client.StartTlsClient(client, "localhost").ok());
    ptrdiff_t cost = Allocated([&] { EXPECT_TRUE(ours.StartTlsServer(server).ok()); });
    std::string received;
    char buffer[20000];
    absl::string_view to_send = much, to_answer = much;
    while (received.size() < much.size() || !to_answer.empty()) {
      to_send.remove_prefix(pairs[i].client.Write(to_send).bytes);
      cost += Allocated([&] { to_answer.remove_prefix(ours.Write(to_answer).bytes); });
      size_t got = 0;
      cost += Allocated([&] { got = ours.Read(absl::MakeSpan(buffer)).bytes; });
      received.append(buffer, got);
      pairs[i].client.Read(absl::MakeSpan(buffer));
    }
    if (i >= kWarmUp) bytes += cost;
  }
  return bytes / kPairs;
}

TEST(TlsMemoryTest, AnIdleServerHasNoBuffers) {
  const auto client = TestTlsClient(), server = TestTlsServer();
  const ptrdiff_t bytes = BytesOfAnIdleServer(*client, *server);
  EXPECT_GT(bytes, 1000) << "it was not measured";
  EXPECT_LT(bytes, 5000);
}

// Bytes that the socket did not accept at first are kept until it does, and no longer.
TEST(TlsMemoryTest, AServerThatHadUnsentBytesHasNoBuffers) {
  const auto client = TestTlsClient(), server = TestTlsServer();
  const std::string much(1 << 20, 'm');
  constexpr int kWarmUp = 3, kPairs = 20;
  std::vector<TlsPair> pairs(kWarmUp + kPairs);
  std::string buffer(64 << 10, '\0');
  ptrdiff_t bytes = 0;
  for (size_t i = 0; i < pairs.size(); ++i) {
    ASSERT_TRUE(pairs[i].Start(*client, *server).ok());
    pairs[i].Handshake();
    const auto read = [&] {
      return pairs[i].client.Read(absl::MakeSpan(&buffer[0], buffer.size())).bytes;
    };
    absl::string_view to_send = much;
    bool was_full = false;
    const ptrdiff_t cost = Allocated([&] {
      for (size_t received = 0; received < much.size() || !to_send.empty(); received += read()) {
        const IoResult sent = pairs[i].server.Write(to_send);
        to_send.remove_prefix(sent.bytes);
        was_full |= sent.status == IoStatus::kWouldBlock;
      }
    });
    EXPECT_TRUE(was_full) << "it was not tested";
    if (i >= kWarmUp) bytes += cost;
  }
  EXPECT_LT(bytes / kPairs, 1000);
}

TEST(TlsMemoryTest, AClientsCertificateIsKept) {
  const auto client = TestTlsClient(
                 {.ca_file = TestCaFile("ca.pem"), .identity = TestIdentity("client")}),
             server = TestTlsServer({.identities = {TestIdentity("server")},
                                     .client_certificates = ClientCertificates::kRequired,
                                     .client_ca_file = TestCaFile("ca.pem")});
  const ptrdiff_t bytes = BytesOfAnIdleServer(*client, *server);
  EXPECT_GT(bytes, 1000) << "it was not measured";
  EXPECT_LT(bytes, 12000);
}

}  // namespace
}  // namespace weft
