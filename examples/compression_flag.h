// --compression and --min_compressed_bytes, flags of the examples' servers and clients.

#ifndef WEFT_EXAMPLES_COMPRESSION_FLAG_H_
#define WEFT_EXAMPLES_COMPRESSION_FLAG_H_

#include "weft/core/deflate/compression.h"

namespace examples {

// From the flags after the command line was parsed. --compression is "on", which is the default,
// "off", or "no_takeover": on, but no message refers to an earlier one, in either direction.
weft::CompressionOptions CompressionFromFlag();

}  // namespace examples

#endif  // WEFT_EXAMPLES_COMPRESSION_FLAG_H_
