// Where bots go.

#ifndef WEFT_EXAMPLES_CURSORS_PATHS_H_
#define WEFT_EXAMPLES_CURSORS_PATHS_H_

#include "examples/cursors/messages.h"

namespace weft::cursors {

// Bots move in groups: rings, figures of Lissajous, shoals and roses, which themselves wander. The
// place of bot `bot` of `bots` after so many seconds: a pure function, with no jumps, and not
// beyond the space's edges.
Place PlaceOfBot(int bot, int bots, double seconds);

}  // namespace weft::cursors

#endif  // WEFT_EXAMPLES_CURSORS_PATHS_H_
