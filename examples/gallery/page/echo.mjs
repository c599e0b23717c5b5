// The echo: a message goes to the server, and comes back.

import {Link} from './link.mjs';

const EVERY = 2000;     // milliseconds
const STILL_EVERY = 5000;
const ONE_WAY = 400;    // the time that the dot takes, which shows the way, not the time

export class Echo {
  #link = new Link('echo/', {message: (text) => this.#back(text), opened: () => this.#send()});
  #number = 0;
  #sent = null;    // {text, at} of the message on its way
  #timer = null;
  #echoed;
  #dot = document.getElementById('dot');
  #flight = Promise.resolve();

  // `echoed(text)` is called with each echo.
  constructor(still, echoed) {
    this.still = still;
    this.#echoed = echoed;
  }

  start() { this.#link.open(); }

  stop() {
    clearTimeout(this.#timer);
    this.#link.close();
  }

  #send() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#send(), this.still.matches ? STILL_EVERY : EVERY);
    if (!this.#link.isOpen) return;
    const text = `Hello ${++this.#number}`;
    this.#fly(false);
    this.#sent = {text, at: performance.now()};
    this.#link.send(text);
  }

  #back(text) {
    if (text !== this.#sent?.text) return;
    document.getElementById('echo-time').textContent = `${(performance.now() - this.#sent.at).toFixed(1)} ms`;
    this.#echoed(text);
    this.#flight.then(() => this.#fly(true));
  }

  #fly(back) {
    this.#dot.className = back ? 'back' : '';
    if (this.still.matches) return;
    const ends = back ? ['100%', '0%'] : ['0%', '100%'];
    this.#flight = this.#dot.animate(ends.map((left) => ({left})), {duration: ONE_WAY, easing: 'ease-in-out', fill: 'forwards'}).finished;
  }
}
