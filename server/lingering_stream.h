// A connection whose last bytes were written.

#ifndef WEFT_SERVER_LINGERING_STREAM_H_
#define WEFT_SERVER_LINGERING_STREAM_H_

#include "weft/server/served_stream.h"

namespace weft {

// Ends the stream's output, and discards input until the peer closes, for two seconds at most, so
// that the peer can read the last bytes: closing with unread input would be a reset, which
// overtakes them. The stream is handed to another ServedStream, as by Drop() this one is destroyed
// at the end of the turn.
void Linger(ServedStream& stream);

}  // namespace weft

#endif  // WEFT_SERVER_LINGERING_STREAM_H_
