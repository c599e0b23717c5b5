// The numbers of the world that server and clients must agree on. The page has the same ones in
// rules.mjs.

#ifndef WEFT_EXAMPLES_WORLD_RULES_H_
#define WEFT_EXAMPLES_WORLD_RULES_H_

#include <cstdint>

namespace weft::world {

inline constexpr int kTicksPerSecond = 60;
inline constexpr float kTickSeconds = 1.0f / kTicksPerSecond;

// A client hears of the world, and is heard, once in so many ticks: 20 times a second.
inline constexpr int kTicksPerSnapshot = 3;
inline constexpr int kSnapshotsPerSecond = kTicksPerSecond / kTicksPerSnapshot;

inline constexpr int kMaxPlayers = 250;

// The ground is a square around the origin with walls at its edges.
inline constexpr float kHalfSize = 64;

// What comes as near as the first is told of until it is further away than the second: what moves
// along the border would come and go otherwise. Metres, on the ground.
inline constexpr float kSeenFrom = 26;
inline constexpr float kSeenUntil = 30;

// How avatars move.
inline constexpr float kAvatarSpeed = 6;          // metres a second
inline constexpr float kAvatarAcceleration = 40;  // metres a second, a second
inline constexpr float kAvatarRadius = 0.4f;
inline constexpr float kAvatarHeight = 1.8f;

// A payload of so many bytes is, with the 4 of its frame's header and 52 of TCP and IP, at most 246
// on the wire, 20 times a second: 4,920, which leaves 200 of the 5 KiB a second for the rest.
inline constexpr int kMaxSnapshotBytes = 190;

// A client that is so many snapshots behind with its acknowledgements gets none: they would only
// queue.
inline constexpr int kMaxUnacknowledged = 2 * kSnapshotsPerSecond;

}  // namespace weft::world

#endif  // WEFT_EXAMPLES_WORLD_RULES_H_
