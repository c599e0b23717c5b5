// When a page connects again. No DOM: tests run it in Node.js.

// milliseconds: the first wait is at most this, and each further one at most twice the previous
const SHORTEST = 500;
const LONGEST = 15_000;

// Close codes after which reconnecting makes no sense: the page broke a rule of the protocol, or of the server.
const FINAL = new Set([1002, 1003, 1007, 1008, 1009, 1010]);
// The server is being replaced, or is overloaded: other pages were disconnected too, and should not all reconnect at
// once.
const CROWDED = new Set([1012, 1013]);
const CROWDED_FAILURES = 3;

export class Backoff {
  #random;
  #failures = 0;

  constructor(random = Math.random) { this.#random = random; }

  // The server has done more than accept. A failure from here on is a new problem, with short waits at first.
  prove() { this.#failures = 0; }

  // The milliseconds to wait after a connection has ended with this code; null: do not connect again.
  after(code) {
    if (FINAL.has(code)) return null;
    if (CROWDED.has(code)) this.#failures = Math.max(this.#failures, CROWDED_FAILURES);
    const most = Math.min(SHORTEST * 2 ** this.#failures++, LONGEST);
    return most * (0.5 + this.#random() / 2);
  }
}
