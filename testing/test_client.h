// A client for tests of servers, which sends exactly what the test says and nothing by itself.

#ifndef WEFT_TESTING_TEST_CLIENT_H_
#define WEFT_TESTING_TEST_CLIENT_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"
#include "weft/core/frame/opcode.h"
#include "weft/transport/address.h"
#include "weft/transport/stream.h"
#include "weft/transport/tls_context.h"

namespace weft::testing {

// Blocking; any wait of more than two minutes is a failure, reported as text.
class TestClient {
 public:
  explicit TestClient(const SocketAddress& server);

  // Performs a TLS handshake with "localhost". Returns the error; empty: none.
  std::string StartTls(TlsContext& context);

  // A request that any server accepts; `headers` are further lines, each with its CR LF.
  static std::string UpgradeRequest(absl::string_view target = "/", absl::string_view headers = "");

  // Sends UpgradeRequest and returns the status line of the response.
  std::string Upgrade(absl::string_view target = "/", absl::string_view headers = "");

  void Send(absl::string_view bytes);
  void SendText(absl::string_view text);
  void SendClose(int code);

  // The head of an HTTP response, including the empty line.
  std::string ReadHead();

  // The next frame, in the form of testing::DescribeFrames; "end" at the end of the stream, "reset"
  // if the connection was reset.
  std::string ReadFrame();

  // The next `size` bytes, or fewer at the end.
  std::string ReadBytes(size_t size);

  // All bytes until the end.
  std::string ReadToEnd();

  // Resets the connection instead of closing it.
  void Reset();
  void Close() { stream_.Close(); }
  Stream& stream() { return stream_; }

 private:
  // Reads more bytes into buffer_, or returns why there are none: "end", "reset", "timeout", an
  // error of TLS.
  std::string Fill();

  Stream stream_;
  std::string buffer_;
};

}  // namespace weft::testing

#endif  // WEFT_TESTING_TEST_CLIENT_H_
