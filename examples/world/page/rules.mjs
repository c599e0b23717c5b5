// The constants that the page and the server must agree on: ../rules.h, ../team.h, ../kind.h and ../avatar.h.

export const TICK = 1 / 60;  // seconds
export const TICKS_PER_SNAPSHOT = 3;
export const HALF_SIZE = 64;  // metres from the middle to a wall
export const SEEN_FROM = 26;

export const AVATAR_SPEED = 6;  // metres per second
export const AVATAR_ACCELERATION = 40;
export const AVATAR_RADIUS = 0.4;
export const AVATAR_HEIGHT = 1.8;

export const UNITS_PER_METRE = 128;
export const NO_ENTITY = 0xffff;

// Indexed by kind. `half` is half the size; for a round one x is the radius and y the half height.
export const KINDS = [
  {name: 'avatar', shape: 'capsule', half: [0.4, 0.9, 0.4]},
  {name: 'crate', shape: 'box', half: [0.5, 0.5, 0.5]},
  {name: 'box', shape: 'box', half: [0.3, 0.3, 0.3]},
  {name: 'plank', shape: 'box', half: [0.9, 0.12, 0.3]},
  {name: 'domino', shape: 'box', half: [0.4, 0.8, 0.12]},
  {name: 'ball', shape: 'sphere', half: [0.4, 0.4, 0.4]},
  {name: 'barrel', shape: 'cylinder', half: [0.4, 0.55, 0.4]},
  {name: 'gameBall', shape: 'sphere', half: [0.9, 0.9, 0.9]},
];
export const AVATAR = 0;
export const GAME_BALL = 7;

// Indexed by team: one is bright and one dark, so that they differ without colours, too. `sign` is the colour of its
// goal.
export const TEAMS = [
  {name: 'Sun', className: 'sun', colour: 0xf5b52e, sign: '#f5b52e'},
  {name: 'Moon', className: 'moon', colour: 0x3d48a8, sign: '#5f6cd8'},
];
export const GOALS_TO_WIN = 5;

// The pitch is around the origin; Sun's goal is at -z.
export const PITCH_HALF_WIDTH = 11;
export const PITCH_HALF_LENGTH = 18;
export const GOAL_HALF_WIDTH = 3.5;
export const GOAL_HEIGHT = 3;
export const GOAL_DEPTH = 2.5;

// The position of a carried body, above and before the avatar's middle.
export const HELD_ABOVE = 1.9;
export const HELD_BEFORE = 0.6;

function limit(x, z, length) {
  const now = Math.hypot(x, z);
  return now > length ? [x * length / now, z * length / now] : [x, z];
}

// The velocity of an avatar one tick later, as the server computes it.
export function drivenVelocity([vx, vz], {moveX, moveZ}) {
  const [wishX, wishZ] = limit(moveX * AVATAR_SPEED / 127, moveZ * AVATAR_SPEED / 127, AVATAR_SPEED);
  const [dx, dz] = limit(wishX - vx, wishZ - vz, AVATAR_ACCELERATION * TICK);
  return [vx + dx, vz + dz];
}
