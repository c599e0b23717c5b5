// Connects through a SOCKS5 proxy (RFC 1928), with user name and password if it requires them (RFC
// 1929), without I/O.

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
#include "weft/client/connecting/dialogue.h"
#include "weft/core/http/basic_auth.h"

namespace weft {

// Asks a proxy to connect to a host, which it resolves if it is a name. It never asks for more
// bytes than the proxy's answers have: further bytes are the server's. Errors describe the proxy's
// answer, such as "the connection was refused".
class Socks5 : public Dialogue {
 public:
  // InvalidArgument for values that SOCKS5 cannot carry: a host, user name or password over 255
  // bytes.
  static absl::StatusOr<Socks5> Create(absl::string_view host, uint16_t port,
                                       std::optional<BasicCredentials> credentials);

  std::string TakeOutput() override { return std::exchange(output_, ""); }
  size_t wanted() const override { return wanted_ - input_.size(); }
  absl::Status Take(absl::string_view bytes) override;
  absl::Status CannotWrite(const absl::Status& why) override { return why; }
  absl::Status CannotRead(const absl::Status& why) override { return why; }

 private:
  enum class State { kMethod, kLogin, kReply, kNameSize, kBoundAddress };

  Socks5() = default;

  absl::Status TakeAnswer(absl::string_view bytes);
  absl::Status TakeMethod(int version, int method);
  absl::Status TakeReply(int version, int reply, int address_type);
  void Await(State state, size_t bytes);

  std::string login_;    // sent if the proxy asks for it; empty: there is none
  std::string request_;  // sent when the proxy has accepted the client
  State state_ = State::kMethod;
  std::string output_;
  std::string input_;  // the part of the next answer that has arrived
  size_t wanted_ = 0;  // the size of that answer
};

}  // namespace weft

#endif  // WEFT_CLIENT_CONNECTING_SOCKS5_H_
