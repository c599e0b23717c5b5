// Of many places only the latest, and not too often. No DOM: page_test.js runs it in Node.js.

// Milliseconds. Frames of the screen do not come as often as is wanted: what was taken late for that is made up for, up to a
// frame. 29 intervals and what is left of one are still more than a second, so that no second has more than 30.
const INTERVAL = 34;
const MADE_UP_FOR = 14;

export class Throttle {
  #latest = null;
  #next = -Infinity;

  offer(value) { this.#latest = value; }

  // The latest that was offered, once, or null: nothing was, or it is too early.
  take(now) {
    if (this.#latest === null || now < this.#next) return null;
    const value = this.#latest;
    this.#latest = null;
    this.#next = Math.max(this.#next + INTERVAL, now + INTERVAL - MADE_UP_FOR);
    return value;
  }
}
