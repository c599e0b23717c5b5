// The position of a cursor a moment ago: between known positions there is a path, after the last one only a guess. No
// DOM: page_test.js runs it in Node.js. All times are in milliseconds.

const INTERVAL = 34;   // between the moves of a moving cursor
const RESTED = 100;    // without a move: it did not move
const KEPT = 1000;

// The delay with which others are shown. A position is up to 33 ms old when its message is sent, and the next message
// comes 33 ms later; the rest is for messages that the network delays.
export const LATE = 100;

// The server's time, computed from the arrival of its messages: from the fastest ones, because the network only
// delays. If all of them take longer from now on, the clock is set back so slowly that nothing shown moves backwards.
export class ServerClock {
  #offset = null;  // difference from its time to ours

  // Takes the low 16 bits of a message's send time, and its arrival by our clock; returns the full send time.
  heard(low, now) {
    const expected = this.#offset === null ? low : Math.round(now - this.#offset);
    const time = expected + ((low - expected) << 16 >> 16);
    const offset = now - time;
    const later = offset - (this.#offset ?? offset);
    this.#offset = later > 0 ? this.#offset + Math.min(later * 0.02, 1) : offset;
    return time;
  }

  at(now) { return now - this.#offset; }
}

const slope = (a, b, axis) => (b[axis] - a[axis]) / (b.time - a.time);

// The slope at a point, from those on its two sides: zero at a turn, so that the curve never leaves the range of its
// points.
const between = (before, after) => before * after > 0 ? 2 * before * after / (before + after) : 0;

// The known path of one cursor: {time, x, y}, the oldest first.
export class Track {
  #known = [];

  add(point) {
    const last = this.#known.at(-1);
    if (last && point.time <= last.time) {  // ages are limited
      this.#known[this.#known.length - 1] = {...point, time: last.time};
      return;
    }
    // Without this, a cursor that starts to move after a rest would appear to have moved all the time.
    if (last && point.time - last.time > RESTED) this.#known.push({...last, time: point.time - INTERVAL});
    this.#known.push(point);
    const old = this.#known.findLastIndex((one) => one.time < point.time - KEPT);
    if (old > 0) this.#known.splice(0, old);
  }

  get moved() { return this.#known.at(-1).time; }

  // {x, y}: a smooth curve through the known points, and the end points outside of them.
  at(time) {
    const known = this.#known;
    const i = known.findLastIndex((one) => one.time <= time);
    if (i === -1) return known[0];
    if (i === known.length - 1) return known[i];
    const [a, b] = [known[i], known[i + 1]];
    const span = b.time - a.time;
    const share = (time - a.time) / span;
    const along = (axis) => {
      const here = slope(a, b, axis);
      const begin = i > 0 ? between(slope(known[i - 1], a, axis), here) : here;
      const end = i + 2 < known.length ? between(here, slope(b, known[i + 2], axis)) : here;
      const rest = 1 - share;
      // Hermite's cubic.
      return rest * rest * ((1 + 2 * share) * a[axis] + share * span * begin) +
          share * share * ((1 + 2 * rest) * b[axis] - rest * span * end);
    };
    return {x: along('x'), y: along('y')};
  }
}
