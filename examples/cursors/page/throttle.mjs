// Of many positions only the latest, and not too often. No DOM: page_test.js runs it in Node.js.

// Milliseconds. Frames of the screen do not come exactly when needed: a late one is compensated, up to one frame. 29
// intervals and the rest of one are still more than a second, so that no second has more than 30.
const INTERVAL = 34;
const MADE_UP_FOR = 14;

export class Throttle {
  #latest = null;
  #next = -Infinity;

  offer(value) { this.#latest = value; }

  // The latest position offered, once, or null: none was offered, or it is too early.
  take(now) {
    if (this.#latest === null || now < this.#next) return null;
    const value = this.#latest;
    this.#latest = null;
    this.#next = Math.max(this.#next + INTERVAL, now + INTERVAL - MADE_UP_FOR);
    return value;
  }
}
