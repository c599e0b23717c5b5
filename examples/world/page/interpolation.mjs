// Everything but one's own avatar, a little late: between two things that the server said there is a way, after the last one
// there is only a guess.

import {TICK, TICKS_PER_SNAPSHOT} from './rules.mjs';
import {metresOf, rotationOf} from './protocol.mjs';

const LATE = 2 * TICKS_PER_SNAPSHOT;       // ticks: one snapshot may be late
const MOVES_ON = 5 * TICKS_PER_SNAPSHOT;   // ticks; what was silent for longer was at rest
const KEPT = 2;                            // seconds

// Which tick the server is at, from when its snapshots come: by the ones that came fastest, since the network only delays.
export class ServerClock {
  #tick = null;    // the last, counted on
  #offset = null;  // seconds from its time to ours

  // The low 16 bits of a snapshot's tick, and when it came, in seconds; the tick, counted on.
  heard(low, now) {
    this.#tick = this.#tick === null ? low : this.#tick + ((low - this.#tick) << 16 >> 16);
    const offset = now - this.#tick * TICK;
    this.#offset = this.#offset === null || offset < this.#offset ? offset : this.#offset + (offset - this.#offset) * 0.02;
    return this.#tick;
  }

  // The tick to be drawn, with a fraction.
  shown(now) { return this.#offset === null ? 0 : (now - this.#offset) / TICK - LATE; }
}

function mix(a, b, share) {
  const dot = a.rotation.reduce((sum, value, i) => sum + value * b.rotation[i], 0);
  const rotation = a.rotation.map((value, i) => value * (1 - share) + b.rotation[i] * (dot < 0 ? -share : share));
  const length = Math.hypot(...rotation);
  return {
    position: a.position.map((value, i) => value * (1 - share) + b.position[i] * share),
    rotation: rotation.map((value) => value / length),
  };
}

// What was said of one entity, and where it was in between.
export class Track {
  #said = [];  // {tick, position, rotation}, the oldest first; never empty

  constructor(tick, state) {
    this.kind = state.kind;
    this.add(tick, state);
  }

  add(tick, state) {
    const last = this.#said.at(-1);
    if (last && tick - last.tick > MOVES_ON) this.#said.push({...last, tick: tick - TICKS_PER_SNAPSHOT});
    this.#said.push({tick, position: metresOf(state), rotation: rotationOf(state)});
    const old = this.#said.findLastIndex((one) => one.tick < tick - KEPT / TICK);
    if (old > 0) this.#said.splice(0, old);
  }

  // {position, rotation}: as of a tick, or the nearest that something is known of.
  at(tick) {
    const after = this.#said.findIndex((one) => one.tick > tick);
    if (after === -1) return this.#said.at(-1);
    if (after === 0) return this.#said[0];
    const [a, b] = [this.#said[after - 1], this.#said[after]];
    return mix(a, b, (tick - a.tick) / (b.tick - a.tick));
  }
}
