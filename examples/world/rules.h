// The constants of the world that server and clients must agree on. The page has the same ones in
// rules.mjs.

#ifndef WEFT_EXAMPLES_WORLD_RULES_H_
#define WEFT_EXAMPLES_WORLD_RULES_H_

#include <cstdint>

namespace weft::world {

inline constexpr int kTicksPerSecond = 60;
inline constexpr float kTickSeconds = 1.0f / kTicksPerSecond;

// A client receives snapshots, and sends inputs, once in this many ticks: 20 times per second.
inline constexpr int kTicksPerSnapshot = 3;
inline constexpr int kSnapshotsPerSecond = kTicksPerSecond / kTicksPerSnapshot;

inline constexpr int kMaxPlayers = 250;

// The ground is a square around the origin with walls at its edges.
inline constexpr float kHalfSize = 64;

// An entity that comes as near as the first is sent until it is farther away than the second:
// otherwise entities that move along the border would repeatedly appear and disappear. Metres, on
// the ground.
inline constexpr float kSeenFrom = 26;
inline constexpr float kSeenUntil = 30;

// How avatars move.
inline constexpr float kAvatarSpeed = 6;          // metres per second
inline constexpr float kAvatarAcceleration = 40;  // metres per second squared
inline constexpr float kAvatarRadius = 0.4f;
inline constexpr float kAvatarHeight = 1.8f;

// A payload of this size has, with the 4 bytes of its frame's header and 52 of TCP and IP, at most
// 224 on the wire, 20 times per second: 4,480, which leaves 640 of the 5 KiB per second for the
// rest. Figures and a pong, once per second each, take 122 with these headers, a goal 61, names
// 207, and a second by a client's clock may have 21 snapshots.
inline constexpr int kMaxSnapshotBytes = 168;

// A client gets names once per second, at most this many bytes of them.
inline constexpr int kMaxNamesBytes = 150;

// A client with this many unacknowledged snapshots gets none: they would only queue.
inline constexpr int kMaxUnacknowledged = 2 * kSnapshotsPerSecond;

}  // namespace weft::world

#endif  // WEFT_EXAMPLES_WORLD_RULES_H_
