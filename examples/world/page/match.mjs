// The match in words, and the way to the ball. No DOM: page_test.js runs it in Node.js.

import {GOALS_TO_WIN, TEAMS} from './rules.mjs';

// A score message in words, or an empty text: nobody has just scored. `players`: id -> {name, team}.
export function newsOf({points, goal, scorer}, players) {
  if (goal === null) return '';
  const {name} = TEAMS[goal];
  const score = points.join(' : ');
  if (points[goal] >= GOALS_TO_WIN) return `${name} wins the match ${score}. A new one starts`;
  const player = players.get(scorer);
  if (!player) return `Goal for ${name}: ${score}`;
  const by = `\u2068${player.name}\u2069`;  // isolated: letters written from the right would turn the score around
  return `Goal for ${name}${player.team === goal ? '' : ', an own goal'} by ${by}: ${score}`;
}

// How far the ball is, in metres, and where from the direction of view: degrees, positive to the right. Places are
// [x, z].
export function wayTo(ball, own, yaw) {
  const [dx, dz] = [ball[0] - own[0], ball[1] - own[1]];
  const turn = (yaw - Math.atan2(dx, dz)) * 180 / Math.PI;
  return {metres: Math.hypot(dx, dz), turn: turn - 360 * Math.round(turn / 360)};
}

const KICK_REACH = 2;  // metres, from a spot one metre before the player, as on the server

// Whether the player's next act would kick the ball.
export function canKick(ball, own, yaw) {
  return Math.hypot(ball[0] - own[0] - Math.sin(yaw), ball[1] - own[1] - Math.cos(yaw)) < KICK_REACH;
}
