// A WebSocket that is open as long as it is wanted, and connects again when it was lost.

// milliseconds: the first wait is at most this, and each further one at most twice the previous
const SHORTEST = 1000;
const LONGEST = 30_000;

// Close codes after which reconnecting makes no sense: the page broke a rule of the protocol, or of the server.
const FINAL = new Set([1002, 1003, 1007, 1008, 1009, 1010]);
// The server is being replaced, or is overloaded: many pages were disconnected, and should not all return at once.
const CROWDED = new Set([1012, 1013]);
const CROWDED_FAILURES = 2;

const OPEN = 1;  // WebSocket.readyState

const browser = {
  open: (path) => new WebSocket(new URL(path, location.href).href.replace(/^http/, 'ws')),
  after: (milliseconds, task) => setTimeout(task, milliseconds),
  cancel: (timer) => clearTimeout(timer),
  random: Math.random,
};

export class Link {
  #path;
  #on;
  #world;
  #socket = null;  // connecting or open
  #timer = null;
  #failures = 0;   // since the last message of the server
  #refused = false;

  // `on`: {message(data), opened(), lost()}, the last two if they matter. Sockets, time and randomness come from
  // `world`, so that a test can control them.
  constructor(path, on, world = browser) {
    this.#path = path;
    this.#on = on;
    this.#world = world;
  }

  open() {
    if (this.#socket || this.#timer !== null || this.#refused) return;
    const socket = this.#socket = this.#world.open(this.#path);
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => this.#on.opened?.();
    socket.onmessage = ({data}) => {
      this.#failures = 0;
      this.#on.message(data);
    };
    socket.onclose = ({code}) => {
      if (socket === this.#socket) this.#lost(code);  // otherwise it was not wanted any more
    };
  }

  close() {
    this.#world.cancel(this.#timer);
    this.#timer = null;
    const socket = this.#socket;
    this.#socket = null;
    if (socket) socket.onopen = socket.onmessage = null;
    socket?.close();
  }

  get isOpen() { return this.#socket?.readyState === OPEN; }

  send(message) { if (this.isOpen) this.#socket.send(message); }

  #lost(code) {
    this.#socket = null;
    this.#refused = FINAL.has(code);
    if (CROWDED.has(code)) this.#failures = Math.max(this.#failures, CROWDED_FAILURES);
    const most = Math.min(SHORTEST * 2 ** this.#failures++, LONGEST);
    if (!this.#refused) {
      this.#timer = this.#world.after(most * (0.5 + this.#world.random() / 2), () => {
        this.#timer = null;
        this.open();
      });
    }
    this.#on.lost?.();
  }
}
