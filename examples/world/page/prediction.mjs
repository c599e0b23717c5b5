// The user's own avatar, ahead of the server: it moves when the key goes down, not a round trip later.

import {AVATAR_RADIUS, HALF_SIZE, TICK, TICKS_PER_SNAPSHOT, drivenVelocity} from './rules.mjs';
import {metresOf} from './protocol.mjs';

const KEPT = 60;              // inputs; with more in flight nothing is predicted
const SMOOTHING = 0.1;        // seconds in which most of an error disappears
const TOO_FAR = 3;            // metres; beyond that it jumps
const WALL = HALF_SIZE - AVATAR_RADIUS;

const between = (value, least, most) => Math.min(Math.max(value, least), most);

// Does what the server will do with the same inputs, for an avatar without obstacles. The server's next snapshot
// includes the obstacles: then the avatar is set to the server's position, the inputs that the server has not
// processed are applied again from there, and the difference to the displayed position fades out.
export class Prediction {
  #inputs = [];  // {number, controls, ticks}, the oldest first; the last is in progress
  #number = 0;
  #position = [0, 0];
  #velocity = [0, 0];
  #error = [0, 0];  // the remaining error of the displayed position
  corrected = 0;    // metres, at the last snapshot

  // The next input, for the server; it controls the ticks from now on.
  begin(controls) {
    this.#number = (this.#number + 1) & 0xff;
    this.#inputs.push({number: this.#number, controls, ticks: 0});
    if (this.#inputs.length > KEPT) this.#inputs.shift();
    return this.#number;
  }

  tick() {
    const input = this.#inputs.at(-1);
    if (!input) return;
    ++input.ticks;
    this.#step(input.controls);
    const fade = Math.exp(-TICK / SMOOTHING);
    this.#error = this.#error.map((error) => error * fade);
  }

  // The server's position of the avatar after `inputTicks` ticks of an input.
  correct({place, velocity, input, inputTicks}) {
    const before = this.#position;
    const [x, , z] = metresOf(place);
    const [vx, , vz] = metresOf(velocity);
    this.#position = [x, z];
    this.#velocity = [vx, vz];
    const known = this.#inputs.findIndex(({number}) => number === input);
    if (known > 0) this.#inputs.splice(0, known);
    for (const {number, controls, ticks} of this.#inputs) {
      for (let i = number === input ? inputTicks : 0; i < ticks; ++i) this.#step(controls);
    }
    const off = [before[0] - this.#position[0], before[1] - this.#position[1]];
    this.corrected = Math.hypot(...off);
    this.#error = [this.#error[0] + off[0], this.#error[1] + off[1]];
    if (Math.hypot(...this.#error) > TOO_FAR) this.#error = [0, 0];
  }

  // Where to draw it, [x, z], this many seconds after the last tick.
  position(after = 0) {
    return this.#position.map((at, i) => at + this.#velocity[i] * after + this.#error[i]);
  }

  // Whether an input had all its ticks: the next one is due.
  get wantsInput() { return (this.#inputs.at(-1)?.ticks ?? TICKS_PER_SNAPSHOT) >= TICKS_PER_SNAPSHOT; }

  #step(controls) {
    this.#velocity = drivenVelocity(this.#velocity, controls);
    this.#position = this.#position.map((at, i) => between(at + this.#velocity[i] * TICK, -WALL, WALL));
  }
}
