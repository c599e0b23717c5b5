// Where a cursor was a moment ago: between places that are known there is a way, behind the last one only a guess. No DOM:
// page_test.js runs it in Node.js. All times are in milliseconds.

const INTERVAL = 34;   // between the moves of who moves
const RESTED = 100;    // without a move: it did not move
const KEPT = 1000;

// How late others are shown. A place is up to 33 ms old when its message goes, and the next message comes 33 ms later; what is
// left is for messages that the network holds up.
export const LATE = 100;

// The server's time, from when its messages come: by the ones that came fastest, since the network only delays. Should all of them
// take longer from now on, it is put back so slowly that nothing that is shown goes backwards.
export class ServerClock {
  #offset = null;  // from its time to ours

  // The low 16 bits of when a message went, and when it came by our clock; when it went, counted on.
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

// The slope at a point, from those on its two sides: none at a turn, so that the curve never leaves the range of its points.
const between = (before, after) => before * after > 0 ? 2 * before * after / (before + after) : 0;

// What is known of one cursor's way: {time, x, y}, the oldest first.
export class Track {
  #known = [];

  add(point) {
    const last = this.#known.at(-1);
    if (last && point.time <= last.time) {  // ages are cut
      this.#known[this.#known.length - 1] = {...point, time: last.time};
      return;
    }
    // Without this, who begins to move after a rest would have moved all the while.
    if (last && point.time - last.time > RESTED) this.#known.push({...last, time: point.time - INTERVAL});
    this.#known.push(point);
    const old = this.#known.findLastIndex((one) => one.time < point.time - KEPT);
    if (old > 0) this.#known.splice(0, old);
  }

  get moved() { return this.#known.at(-1).time; }

  // {x, y}: a smooth curve through what is known, and its ends beyond them.
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
