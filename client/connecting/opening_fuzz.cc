// Arbitrary events of a network, a proxy and a server, in any step to an open connection.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "weft/client/connecting/client_options.h"
#include "weft/client/connecting/dialogue.h"
#include "weft/client/connecting/opening.h"
#include "weft/core/handshake/accept_key.h"
#include "weft/core/http/http.h"
#include "weft/core/testing/choices.h"
#include "weft/core/testing/require.h"
#include "weft/transport/address.h"
#include "weft/transport/stream.h"

namespace weft {
namespace {

using testing::Choices;
using testing::Require;
using testing::RequireReadable;
using Wants = Opening::Wants;

constexpr int kMaxRedirects = 2;

ClientOptions Options(Choices& choices) {
  constexpr const char* kProxies[] = {"direct", "http://joe:hunter2@p:1", "https://joe:hunter2@p:1",
                                      "socks5://joe:hunter2@p:1", "socks5s://joe:hunter2@p:1"};
  ClientOptions options;
  options.proxy = choices.Of(kProxies);
  options.request.bearer_token = "secret";
  options.request.subprotocols = {"chat"};
  options.http.max_redirects = kMaxRedirects;
  return options;
}

// An answer that the last output asks for.
std::string GoodAnswer(absl::string_view output) {
  if (absl::StartsWith(output, "CONNECT ")) return "HTTP/1.1 200 OK\r\n\r\n";
  if (absl::StartsWith(output, absl::string_view("\x05\x02\x00", 3))) {
    return std::string("\x05\x00", 2);
  }
  if (absl::StartsWith(output, absl::string_view("\x05\x01\x00", 3))) {
    return std::string("\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00", 10);
  }
  const absl::StatusOr<HttpRequest> request = ParseHttpRequest(output);
  if (!request.ok()) return "";
  return absl::StrCat(
      "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ",
      AcceptKey(request->headers.Find("Sec-WebSocket-Key").value_or("")), "\r\n\r\n");
}

// A redirect to the same origin, or to another.
std::string Redirect(Choices& choices) {
  constexpr const char* kTargets[] = {"/", "ws://other.example/", "wss://other.example/",
                                      "ws://server.example/back"};
  return absl::StrCat("HTTP/1.1 302 x\r\nContent-Length: 0\r\nLocation: ", choices.Of(kTargets),
                      "\r\n\r\n");
}

class Network {
 public:
  explicit Network(Choices& choices)
      : choices_(choices),
        secure_(choices.Below(2) == 1),
        options_(Options(choices)),
        opening_(secure_ ? "wss://server.example/" : "ws://server.example/", options_) {}

  void Run() {
    // Each step takes input, or ends the opening; a few steps of each redirect take none.
    for (size_t steps = 0; opening_.wants() != Wants::kOpen && opening_.wants() != Wants::kFailed;
         ++steps) {
      Require(steps < 20000, "it ends");
      if (choices_.done() || choices_.Below(16) == 15) {
        opening_.Failed(absl::UnavailableError("the network failed"));
      } else {
        Step();
      }
    }
    if (opening_.wants() == Wants::kOpen) {
      Require(opening_.TakeResult().early.size() <= kMaxEarlyBytes, "few bytes are early");
      return;
    }
    const absl::string_view error = opening_.status().message();
    Require(!opening_.status().ok() && !error.empty(), "an error says why");
    RequireReadable(error);
    // An error may quote what the peer sent, and the fuzzer finds any word.
    Require(!absl::StrContains(error, "hunter2") || absl::StrContains(received_, "hunter2"),
            "no error shows a password");
  }

 private:
  void Step() {
    switch (opening_.wants()) {
      case Wants::kAddresses:
        return opening_.Resolved(
            std::vector<SocketAddress>{*SocketAddress::FromIp("192.0.2.1", opening_.port())});
      case Wants::kConnection:
        Require(!opening_.addresses().empty(), "there is an address");
        layers_ = 0;
        return opening_.Connected();
      case Wants::kTls:
        Require(opening_.tls().context != nullptr && layers_ < 2, "TLS is inside of TLS at most");
        ++layers_;
        return opening_.TlsStarted();
      case Wants::kWrite:
        return Write();
      case Wants::kRead:
        return Read();
      case Wants::kOpen:
      case Wants::kFailed:
        return;
    }
  }

  void Write() {
    const absl::string_view output = opening_.output();
    Require(!output.empty(), "there is something to write");
    const size_t size = std::min<size_t>(output.size(), choices_.Below(256) + 1);
    if (last_was_read_) sent_.clear();
    last_was_read_ = false;
    sent_.append(output.data(), size);
    // R22.
    if (absl::StartsWith(sent_, "GET ") && absl::StrContains(sent_, "Host: other.example")) {
      Require(!absl::StrContains(sent_, "secret"), "another origin gets no credentials");
    }
    opening_.Wrote(size);
  }

  void Read() {
    const size_t most = opening_.max_read_bytes();
    Require(most > 0 && most <= kMaxReadBytes, "a read has a size");
    if (answer_.empty() || !last_was_read_) {
      const uint32_t kind = choices_.Below(4);
      answer_ = kind == 0   ? GoodAnswer(sent_)
                : kind == 1 ? Redirect(choices_)
                            : std::string(choices_.Bytes(choices_.Below(256)));
    }
    last_was_read_ = true;
    if (answer_.empty()) return opening_.Failed(absl::UnavailableError("the peer closed"));
    const std::string bytes = answer_.substr(0, std::min<size_t>(most, choices_.Below(256) + 1));
    answer_.erase(0, bytes.size());
    received_ += bytes;
    opening_.Read(bytes);
  }

  Choices& choices_;
  const bool secure_;
  const ClientOptions options_;
  Opening opening_;
  int layers_ = 0;      // of TLS
  std::string sent_;    // since the last read
  std::string answer_;  // the rest of it
  std::string received_;
  bool last_was_read_ = false;
};

}  // namespace
}  // namespace weft

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  weft::Choices choices(absl::string_view(reinterpret_cast<const char*>(data), size));
  weft::Network(choices).Run();
  return 0;
}
