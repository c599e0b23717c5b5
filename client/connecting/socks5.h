// Connects through a SOCKS5 proxy (RFC 1928), with user name and password if it requires them (RFC
// 1929).

#ifndef WEFT_CLIENT_CONNECTING_SOCKS5_H_
#define WEFT_CLIENT_CONNECTING_SOCKS5_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "weft/core/http/basic_auth.h"

namespace weft {

// Asks a proxy to connect to a host, which it resolves if it is a name, from bytes to bytes. It
// never asks for more bytes than the proxy's answers have: further bytes are the server's. Errors
// describe the proxy's answer, such as "the connection was refused".
//
//   absl::StatusOr<Socks5> socks = Socks5::Create("example.com", 443, std::nullopt);
//   while (socks->wanted() > 0) {
//     Write(socks->TakeOutput());
//     if (absl::Status status = socks->Take(Read(socks->wanted())); !status.ok()) return status;
//   }
class Socks5 {
 public:
  // InvalidArgument for values that SOCKS5 cannot carry: a host, user name or password over 255
  // bytes.
  static absl::StatusOr<Socks5> Create(absl::string_view host, uint16_t port,
                                       std::optional<BasicCredentials> credentials);

  // The bytes to send before more is read. Returns each piece once.
  std::string TakeOutput() { return std::exchange(output_, ""); }

  // The exact number of bytes to read next; 0 once the proxy has connected.
  size_t wanted() const { return wanted_; }

  // Takes those bytes. After an error no function may be called.
  absl::Status Take(absl::string_view bytes);

 private:
  enum class State { kMethod, kLogin, kReply, kNameSize, kBoundAddress };

  Socks5() = default;

  absl::Status TakeMethod(int version, int method);
  absl::Status TakeReply(int version, int reply, int address_type);
  void Await(State state, size_t bytes);

  std::string login_;    // sent if the proxy asks for it; empty: there is none
  std::string request_;  // sent when the proxy has accepted the client
  State state_ = State::kMethod;
  std::string output_;
  size_t wanted_ = 0;
};

}  // namespace weft

#endif  // WEFT_CLIENT_CONNECTING_SOCKS5_H_
