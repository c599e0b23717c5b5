// What a TLS stream costs while nothing happens on it.

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

// Bytes allocated meanwhile.
template <typename Work>
ptrdiff_t Allocated(Work work) {
  const size_t before = mallinfo2().uordblks;
  work();
  return static_cast<ptrdiff_t>(mallinfo2().uordblks - before);
}

// The average cost of a server's end, once it has sent and received 100 kB.
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
