// The end of a connection whose last bytes were written.

#ifndef WEFT_SERVER_LINGERING_STREAM_H_
#define WEFT_SERVER_LINGERING_STREAM_H_

#include "weft/server/served_stream.h"

namespace weft {

// Ends the stream's output, and discards input until the peer closes, for at most two seconds, so
// that the peer can read the last bytes: closing a socket with unread input sends a reset, which
// overtakes them. Hands the socket to another ServedStream; `stream` is destroyed at the end of the
// turn, as by Drop().
void Linger(ServedStream& stream);

}  // namespace weft

#endif  // WEFT_SERVER_LINGERING_STREAM_H_
