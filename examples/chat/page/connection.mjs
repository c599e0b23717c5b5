// A WebSocket that reconnects, to another node if there are several. It does not interpret messages: its user resumes
// the conversation (chat.mjs).

import {Backoff} from './backoff.mjs';

// milliseconds
const QUIET = 15_000;     // after this much silence it probes the server
const PATIENCE = 10_000;  // and after this much more it gives up the connection

const OPEN = 1;  // WebSocket.readyState

const browser = {
  open: (url, protocol) => new WebSocket(url, protocol),
  now: () => performance.now(),
  after: (milliseconds, task) => setTimeout(task, milliseconds),
  cancel: (timer) => clearTimeout(timer),
  random: Math.random,
};

// `on.state` is called with {is: 'connecting' | 'open' | 'waiting' | 'ended', until, reason}, `on.message` with each
// message. `urls` are those of the nodes, and `url` is the present one: after a failure it tries the next one. A
// connection can be dead without any sign from the network: when the server is silent for long, it is sent `probe`,
// which it must answer. Sockets, time and randomness come from `world`, so that a test can control them.
export class Connection {
  #socket = null;
  #tries = 0;
  #timer = null;
  #backoff;
  #heard = 0;       // time of the server's last message
  #probed = false;  // a probe was sent since

  constructor({urls, protocol, probe, on, world = browser}) {
    Object.assign(this, {urls, protocol, probe, on, world});
    this.#backoff = new Backoff(world.random);
  }

  get url() { return this.urls[this.#tries % this.urls.length]; }

  start() { this.#connect(); }

  // False: it is not open, and nothing was sent.
  send(text) {
    if (this.#socket?.readyState !== OPEN) return false;
    this.#socket.send(text);
    return true;
  }

  // The server has done more than accept. A failure from here on is a new problem, with short waits at first.
  prove() { this.#backoff.prove(); }

  // The user, or the browser, has reason to think that connecting works again.
  tryNow() {
    if (this.#socket === null) this.#connect();
    else if (this.#socket.readyState === OPEN && !this.#probed) this.#ask();
  }

  #connect() {
    const socket = this.#socket = this.world.open(this.url, this.protocol);
    // A socket that was given up may still have events: they are ignored.
    const whileCurrent = (task) => (event) => { if (socket === this.#socket) task(event); };
    socket.onopen = whileCurrent(() => {
      this.#heard = this.world.now();
      this.#wait(QUIET, () => this.#look());
      this.on.state({is: 'open'});
    });
    socket.onmessage = whileCurrent(({data}) => {
      this.#heard = this.world.now();
      this.#probed = false;
      this.on.message(data);
    });
    socket.onclose = whileCurrent(({code, reason}) => this.#lost(code, reason));
    this.#wait(QUIET, () => this.#giveUp());
    this.on.state({is: 'connecting'});
  }

  // It waits for one thing at a time.
  #wait(milliseconds, task) {
    this.world.cancel(this.#timer);
    this.#timer = this.world.after(milliseconds, task);
  }

  // One timer serves many messages: when it fires it checks whether one arrived.
  #look() {
    if (this.#probed) return this.#giveUp();
    const left = this.#heard + QUIET - this.world.now();
    if (left <= 0) return this.#ask();
    this.#wait(left, () => this.#look());
  }

  #ask() {
    this.#probed = true;
    this.#socket.send(this.probe);
    this.#wait(PATIENCE, () => this.#look());
  }

  #giveUp() {
    const socket = this.#socket;
    this.#lost(1006, 'the server does not answer');
    socket.close();
  }

  #lost(code, reason) {
    this.#socket = null;
    this.#tries += 1;
    this.#probed = false;
    this.world.cancel(this.#timer);
    const wait = this.#backoff.after(code);
    if (wait === null) {
      this.on.state({is: 'ended', reason: reason || `the server closed the connection with ${code}`});
      return;
    }
    this.#wait(wait, () => this.#connect());
    this.on.state({is: 'waiting', until: this.world.now() + wait, reason});
  }
}
