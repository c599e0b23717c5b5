// Why a WebSocket ended.

#ifndef WEFT_CORE_FRAME_CLOSE_INFO_H_
#define WEFT_CORE_FRAME_CLOSE_INFO_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "weft/core/frame/close_code.h"

namespace weft {

// Which side or rule ended it.
enum class ClosedBy : uint8_t {
  kPeer,         // a Close frame of the peer
  kApplication,  // this side's program
  kRule,         // the peer broke a rule of the protocol
  kLimit,        // the peer went beyond a limit of this side
  kTimeout,      // the peer was too slow, or silent
  kLost,         // the stream ended or failed without a Close frame
  kShutdown,     // this side's server is shutting down or draining
};
inline constexpr size_t kClosedBys = 7;
absl::string_view NameOf(ClosedBy by);  // "peer", "application", ...

// The end of one connection, as Handler::OnClose is given it and Client::close_info() returns it.
struct CloseInfo {
  // Those of the Close frame that ended it, the peer's or ours; kAbnormal if there was none. The
  // reason is a view, valid until OnClose returns, or as long as the client exists.
  CloseCode code = CloseCode::kAbnormal;
  absl::string_view reason{};

  ClosedBy by = ClosedBy::kLost;

  // The option whose limit or timeout it was, such as "connection.max_message_bytes". Empty for
  // others: the reason says which rule was broken. Never dangles.
  absl::string_view option{};
};

// `1000 normal closure ("bye")`, with all but printable ASCII escaped.
std::string CloseText(CloseCode code, absl::string_view reason);

// For a log line or an error: `closed by the client: 1000 normal closure ("bye")`. `peer` is "the
// client" or "the server".
std::string Describe(const CloseInfo& info, absl::string_view peer);

// The same as an error: InvalidArgument for a rule, ResourceExhausted for a limit, DeadlineExceeded
// for a timeout, FailedPrecondition for the application, and Unavailable for the others.
absl::Status ToStatus(const CloseInfo& info, absl::string_view peer);

}  // namespace weft

#endif  // WEFT_CORE_FRAME_CLOSE_INFO_H_
