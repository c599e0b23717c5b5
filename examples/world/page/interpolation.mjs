// All entities but the user's own avatar, slightly delayed: between two known states there is a path, after the last
// one only a guess.

import {TICK, TICKS_PER_SNAPSHOT} from './rules.mjs';
import {metresOf, rotationOf} from './protocol.mjs';

const LATE = 2 * TICKS_PER_SNAPSHOT;       // ticks: one snapshot may be late
const MOVES_ON = 5 * TICKS_PER_SNAPSHOT;   // ticks; an entity without news for longer was at rest
const KEPT = 2;                            // seconds

// The server's current tick, computed from the arrival of its snapshots: from the fastest ones, because the network
// only delays.
export class ServerClock {
  #tick = null;    // the last tick, without wrapping
  #offset = null;  // seconds from its time to ours

  // Takes the low 16 bits of a snapshot's tick, and its arrival in seconds; returns the tick without wrapping.
  heard(low, now) {
    this.#tick = this.#tick === null ? low : this.#tick + ((low - this.#tick) << 16 >> 16);
    const offset = now - this.#tick * TICK;
    this.#offset = this.#offset === null || offset < this.#offset ? offset : this.#offset + (offset - this.#offset) * 0.02;
    return this.#tick;
  }

  // The tick to draw, with a fraction.
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

// The known states of one entity, and the states between them.
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

  // {position, rotation} at a tick, or at the nearest one known.
  at(tick) {
    const after = this.#said.findIndex((one) => one.tick > tick);
    if (after === -1) return this.#said.at(-1);
    if (after === 0) return this.#said[0];
    const [a, b] = [this.#said[after - 1], this.#said[after]];
    return mix(a, b, (tick - a.tick) / (b.tick - a.tick));
  }
}
