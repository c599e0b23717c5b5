// Chapter 2: the opening handshake of both sides, from text to text.

#ifndef WEFT_COURSE_02_HANDSHAKE_HANDSHAKE_H_
#define WEFT_COURSE_02_HANDSHAKE_HANDSHAKE_H_

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace course {

// The head of a request or a response: all but the body.
struct Head {
  std::string start_line;  // "GET /chat HTTP/1.1" or "HTTP/1.1 101 Switching Protocols"
  std::vector<std::pair<std::string, std::string>> fields;  // {name, value}, as they came
};

// Whether `text` is a token: at least one character, and only letters, digits and
// !#$%&'*+-.^_`|~ (RFC 9110, section 5.6.2).
bool IsToken(absl::string_view text);

// The size of the head with which `bytes` begins, with the empty line at its end. 0 if that line
// has not arrived yet.
size_t HeadSize(absl::string_view bytes);

// Reads a whole head: a start line, and lines of "Name: value", each of which ends in "\r\n", and
// an empty line. Skips an empty line before (RFC 9112, section 2.2). Removes spaces and tabs around
// a value. Otherwise InvalidArgument: for a line
// without a colon, a name that is not a token, and a value or a start
// line with a control character other than the tab.
absl::StatusOr<Head> ParseHead(absl::string_view text);

// The value of the field `name`, upper or lower case; "" if there is none. Several fields of that
// name count as one, with ", " between their values (RFC 9110, section 5.3).
std::string ValueOf(const Head& head, absl::string_view name);

// Whether a list such as "keep-alive, Upgrade" has the element `token`, upper or lower case.
bool HasToken(absl::string_view list, absl::string_view token);

// The value of Sec-WebSocket-Accept for that of Sec-WebSocket-Key (section 4.2.2).
std::string AcceptKey(absl::string_view key);

// The answer of a server, a whole head. To a request for a WebSocket (section 4.2.1):
//
//   HTTP/1.1 101 Switching Protocols
//   Upgrade: websocket
//   Connection: Upgrade
//   Sec-WebSocket-Accept: ...
//
// To all others a refusal, with a body of your choice and its Content-Length. The first that fits:
//   400  the start line has not three parts, the target has a '#', or the version does not begin
//        with "HTTP/"
//   405  the method is not GET; with "Allow: GET"
//   505  the version is not HTTP/1.1
//   400  the field Host is missing or comes twice, or Sec-WebSocket-Version comes twice
//   426  Upgrade does not have "websocket", or Connection does not have "upgrade", or
//        Sec-WebSocket-Version is not 13; with "Upgrade: websocket" and "Sec-WebSocket-Version: 13"
//   400  Sec-WebSocket-Key is not 16 bytes in base64, or Sec-WebSocket-Protocol, if there is one,
//        is not a list of tokens, each of which comes once
//   403  Origin names a host that is not that of Host, in upper or lower case; scheme and port do
//        not matter, and "null" names none
std::string AnswerTo(const Head& request);

// The request of a client for the path `target`, "/chat", of the server `host` (section 4.1). The
// fields have the order of the README.
std::string RequestFor(absl::string_view host, absl::string_view target, absl::string_view key);

// Checks the response to a request of RequestFor (section 4.1). InvalidArgument, with the reason,
// unless the server agreed to a WebSocket, with the right Sec-WebSocket-Accept, and to nothing that
// the request did not offer.
absl::Status CheckResponse(const Head& response, absl::string_view key);

}  // namespace course

#endif  // WEFT_COURSE_02_HANDSHAKE_HANDSHAKE_H_
