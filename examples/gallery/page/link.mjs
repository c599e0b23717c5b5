// A WebSocket that is open as long as it is wanted, and connects again when it was lost.

import {Backoff} from './backoff.mjs';

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
  #backoff;
  #refused = false;

  // `on`: {message(data), opened(), lost()}, the last two if they matter. Sockets, time and randomness come from
  // `world`, so that a test can control them.
  constructor(path, on, world = browser) {
    this.#path = path;
    this.#on = on;
    this.#world = world;
    this.#backoff = new Backoff(world.random);
  }

  open() {
    if (this.#socket || this.#timer !== null || this.#refused) return;
    const socket = this.#socket = this.#world.open(this.#path);
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => this.#on.opened?.();
    socket.onmessage = ({data}) => {
      this.#backoff.prove();
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
    const wait = this.#backoff.after(code);
    this.#refused = wait === null;
    if (!this.#refused) {
      this.#timer = this.#world.after(wait, () => {
        this.#timer = null;
        this.open();
      });
    }
    this.#on.lost?.();
  }
}
