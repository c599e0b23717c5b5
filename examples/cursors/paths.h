// The paths of the bots.

#ifndef WEFT_EXAMPLES_CURSORS_PATHS_H_
#define WEFT_EXAMPLES_CURSORS_PATHS_H_

#include "examples/cursors/messages.h"

namespace weft::cursors {

// Bots move in groups: rings, Lissajous figures, shoals and roses, which themselves move around.
// The position of bot `bot` of `bots` after this many seconds: a pure function, without jumps, and
// within the space's edges.
Place PlaceOfBot(int bot, int bots, double seconds);

}  // namespace weft::cursors

#endif  // WEFT_EXAMPLES_CURSORS_PATHS_H_
