// The two ends of one TLS connection, in one thread.

#ifndef WEFT_TRANSPORT_TESTING_TLS_PAIR_H_
#define WEFT_TRANSPORT_TESTING_TLS_PAIR_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "weft/transport/io.h"
#include "weft/transport/stream.h"
#include "weft/transport/tls_context.h"
#include "weft/transport/tls_options.h"

namespace weft::testing {

// The path of a file of //transport/testing:test_ca, such as "server.pem"; and its content.
std::string TestCaFile(absl::string_view name);
std::string ReadTestCaFile(absl::string_view name);

// A certificate of the test CA and its key, by name: "server", "expired" (see tools/make_test_ca).
TlsIdentity TestIdentity(absl::string_view name);

// Contexts that must be created successfully: otherwise the process ends.
std::shared_ptr<TlsContext> TestTlsServer(TlsServerOptions options = {
                                              .identities = {TestIdentity("server")}});
std::shared_ptr<TlsContext> TestTlsClient(const TlsClientOptions& options = {
                                              .ca_file = TestCaFile("ca.pem")});

// Two connected streams over a Unix socket pair, plain until Start().
struct TlsPair {
  TlsPair();

  // Begins TLS on both ends.
  absl::Status Start(TlsContext& client_context, TlsContext& server_context,
                     absl::string_view host = "localhost");

  // Runs both handshakes alternately, until both are done or one has failed and the other has
  // handled that. OK, or the error of the side that failed first is in its status.
  void Handshake();

  Stream client, server;
  absl::Status client_status, server_status;  // of Handshake()
};

// Of an error: its text without its code.
inline std::string MessageOf(const absl::Status& status) { return std::string(status.message()); }

// Writes all of `data` to `from` while `to` reads, and returns the bytes that `to` received: fewer
// if either fails.
std::string Transfer(Stream& from, Stream& to, absl::string_view data);

}  // namespace weft::testing

#endif  // WEFT_TRANSPORT_TESTING_TLS_PAIR_H_
