// Chapter 7: the closing handshake (RFC 6455, sections 5.5.1 and 7).

#ifndef WEFT_COURSE_07_CLOSING_CLOSING_H_
#define WEFT_COURSE_07_CLOSING_CLOSING_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "course/06_messages/messages.h"

namespace course {

// Codes that only an application sees: no Close frame has them.
inline constexpr int kNoCode = 1005;   // the Close frame had no code
inline constexpr int kNoClose = 1006;  // the connection ended without a Close frame

struct CloseInfo {
  int code = kNoClose;
  std::string reason;
};

// Whether a Close frame may have this code: 1000 to 1003 and 1007 to 1014, which are registered,
// and 3000 to 4999, which are for libraries and applications (section 7.4).
bool MayBeSent(int code);

// The payload of a Close frame: the code in two bytes and the reason, 125 bytes at most. Of a
// longer reason, which is UTF-8, as many whole characters as fit. No bytes, also of the reason, for
// a code that must not be sent, such as kNoCode and kNoClose.
std::string ClosePayload(int code, absl::string_view reason);

// Reads the payload of a Close frame into `info`. A failure with code 1002 if it has one byte or a
// code that must not be sent, and with 1007 if the reason is not UTF-8.
std::optional<Failure> ReadClosePayload(absl::string_view payload, CloseInfo* info);

// The next step of the owner of the socket.
enum class Socket {
  kOpen,       // continue
  kWait,       // wait until the peer closes
  kHalfClose,  // shutdown(SHUT_WR); then read and ignore bytes until the peer closes
  kClose,      // close()
};

// The closing handshake of one end, without a socket. A function that returns a payload wants a
// Close frame with it to be sent; none if this end has sent a Close frame before.
class Closing {
 public:
  explicit Closing(Role role) : role_(role) {}

  // The application closes. It may pass on the code of another connection, also one that must not
  // be sent: the Close frame then has no payload.
  std::optional<std::string> Start(int code, absl::string_view reason);

  // A Close frame of the peer arrived. The answer repeats its code, without the reason. If the
  // payload breaks a rule, this is Fail().
  std::optional<std::string> PeerSent(absl::string_view payload);

  // The peer broke a rule. The Close frame has the failure's code and reason.
  std::optional<std::string> Fail(const Failure& failure);

  // The TCP connection has ended, or the peer took too long to end it.
  void Ended();

  // Whether messages may be sent: not after a Close frame, nor after Ended().
  bool may_send() const;

  Socket socket() const;

  // The end as the application sees it: the peer's Close frame, or kNoClose if there was none.
  const CloseInfo& info() const { return info_; }

 private:
  Role role_;              // this end
  bool sent_ = false;      // a Close frame
  bool received_ = false;  // a Close frame
  bool failed_ = false;
  bool ended_ = false;
  CloseInfo info_;
};

}  // namespace course

#endif  // WEFT_COURSE_07_CLOSING_CLOSING_H_
