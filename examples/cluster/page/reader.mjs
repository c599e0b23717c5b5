// A client of the chat without a view: the same code as the chat's own page.

import {Chat} from './chat.mjs';
import {Connection} from './connection.mjs';

const token = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');

// `on.line` is called with the text of each line, `on.back` when a line of its own has come back, and `on.event` with
// what happens to its connection and its place in the lines.
export class Reader {
  resumed = 0;
  gaps = 0;
  #isOpen = false;
  #greeted = false;  // it was in the room before
  #gap = false;

  constructor({name, urls, on}) {
    Object.assign(this, {name, urls, on});
    const view = {line: ({text}) => on.line(text), settled: () => on.back(), unsaid: (n, why) => on.event(`a line was refused: ${why}`)};
    this.connection = new Connection({
      urls, protocol: 'chat.weft.v1', probe: JSON.stringify({type: 'ping'}),
      on: {state: (state) => this.#onState(state), message: (text) => this.#onMessage(text)},
    });
    this.chat = new Chat({
      key: token(), sender: token(), link: this.connection,
      view: new Proxy(view, {get: (target, what) => target[what] ?? (() => {})}),
    });
    this.chat.call(name);
    this.connection.start();
  }

  // Where it gets lines from; empty while it gets none.
  get url() { return this.#isOpen ? this.connection.url : ''; }

  #onState({is, reason}) {
    if (is === 'open') return this.chat.opened();
    this.chat.lost();
    if (this.#isOpen) this.on.event(`lost its node${reason ? `: ${reason}` : ''}`);
    this.#isOpen = false;
    if (is === 'ended') this.on.event(`was refused: ${reason}`);
  }

  #onMessage(text) {
    const {type, reason} = JSON.parse(text);
    if (type === 'gap') {
      this.gaps += 1;
      this.#gap = true;
      this.on.event(`has a gap: ${reason}`);
    }
    this.chat.receive(text);
    if (type !== 'at') return;
    const [wasOpen, wasHere, gap] = [this.#isOpen, this.#greeted, this.#gap];
    this.#isOpen = true;
    this.#greeted = true;
    this.#gap = false;
    if (wasOpen) {
      if (!gap) this.on.event('continues: Redis was started again, and has everything');
    } else if (wasHere && !gap) {
      this.resumed += 1;
      this.on.event('continued where it was');
    } else if (!wasHere) {
      this.on.event('joined');
    }
  }
}
