// --compression and --min_compressed_bytes, which the examples' servers and clients have.

#ifndef WEFT_EXAMPLES_COMPRESSION_FLAG_H_
#define WEFT_EXAMPLES_COMPRESSION_FLAG_H_

#include "weft/core/deflate/compression.h"

namespace examples {

// From the flags once the command line is parsed. --compression is "on", which is the default,
// "off", or "no_takeover": on, and no message refers to an earlier one, in either direction.
weft::CompressionOptions CompressionFromFlag();

}  // namespace examples

#endif  // WEFT_EXAMPLES_COMPRESSION_FLAG_H_
