// Statistics, updated each second.

const FRAME = (bytes) => bytes + (bytes < 126 ? 2 : 4);  // the header of a WebSocket frame from the server
const MASKED_FRAME = (bytes) => FRAME(bytes) + 4;        // and of one to it

// Messages and bytes in one direction.
class Flow {
  messages = 0;
  bytes = 0;
  add(bytes) {
    ++this.messages;
    this.bytes += bytes;
  }
}

export class Panel {
  #fields;
  #in;
  #out;
  #frames;
  #busy;      // time for drawing, in milliseconds
  #since;
  #pinged = null;  // the send time of the ping in flight
  #number = 0;     // its number
  roundTrip = null;  // milliseconds, of the last ping

  // Each figure is shown in the element with its name in `data-figure`.
  constructor(element, now) {
    this.#fields = Object.fromEntries([...element.querySelectorAll('[data-figure]')].map((one) => [one.dataset.figure, one]));
    this.reset(now);
  }

  reset(now) {
    this.#pinged = this.roundTrip = null;
    this.#begin(now);
  }

  received(bytes) { this.#in.add(FRAME(bytes)); }
  sent(bytes) { this.#out.add(MASKED_FRAME(bytes)); }
  drawn(milliseconds) {
    ++this.#frames;
    this.#busy += milliseconds;
  }

  // The number of a ping that is sent now, and of one that came back.
  ping(now) {
    this.#number = (this.#number + 1) & 0xff;
    this.#pinged = now;
    return this.#number;
  }
  pong(number, now) {
    if (number === this.#number && this.#pinged !== null) this.roundTrip = now - this.#pinged;
    this.#pinged = null;
  }

  show(now, cursors) {
    const seconds = (now - this.#since) / 1000;
    const rate = (count) => `${Math.round(count / seconds)}/s`;
    const bytes = (count) => count < 1024 * seconds ? `${Math.round(count / seconds)} B/s` : `${(count / seconds / 1024).toFixed(1)} KiB/s`;
    const ms = (milliseconds) => milliseconds === null ? '–' : `${milliseconds.toFixed(1)} ms`;
    this.#set('cursors', cursors);
    this.#set('inMessages', rate(this.#in.messages));
    this.#set('inBytes', bytes(this.#in.bytes));
    this.#set('outMessages', rate(this.#out.messages));
    this.#set('outBytes', bytes(this.#out.bytes));
    this.#set('roundTrip', ms(this.roundTrip));
    this.#set('frames', rate(this.#frames));
    this.#set('drawn', ms(this.#frames > 0 ? this.#busy / this.#frames : null));
    this.#begin(now);
  }

  #begin(now) {
    this.#in = new Flow();
    this.#out = new Flow();
    this.#frames = this.#busy = 0;
    this.#since = now;
  }

  #set(name, text) { this.#fields[name].textContent = text; }
}
