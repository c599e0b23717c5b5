// Statistics, updated each second.

const FRAME = (bytes) => bytes + (bytes < 126 ? 2 : 4);        // the header of a frame from the server
const MASKED_FRAME = (bytes) => FRAME(bytes) + 4;              // and of one to it

export class Panel {
  #fields;
  #in = 0;
  #out = 0;
  #since;
  #pings = new Map();  // number -> its send time
  #number = 0;
  #figures = null;
  roundTrip = null;  // milliseconds, of the last ping

  // Each figure is shown in the element with its name in `data-figure`.
  constructor(element) {
    this.#fields = Object.fromEntries([...element.querySelectorAll('[data-figure]')].map((one) => [one.dataset.figure, one]));
    this.reset(performance.now());
  }

  reset(now) {
    this.#in = this.#out = 0;
    this.#since = now;
    this.#pings.clear();
    this.#figures = this.roundTrip = null;
  }

  received(bytes) { this.#in += FRAME(bytes); }
  sent(bytes) { this.#out += MASKED_FRAME(bytes); }
  figures(figures) { this.#figures = figures; }

  // The number of a ping that is sent now, and of one that came back.
  ping(now) {
    this.#number = (this.#number + 1) & 0xffff;
    this.#pings.set(this.#number, now);
    return this.#number;
  }
  pong(number, now) {
    const went = this.#pings.get(number);
    if (went !== undefined) this.roundTrip = now - went;
    this.#pings.clear();
  }

  show(now, {inSight, corrected}) {
    const seconds = (now - this.#since) / 1000;
    const rate = (bytes) => `${(bytes / seconds / 1024).toFixed(1)} KiB/s`;
    this.#set('in', rate(this.#in));
    this.#set('out', rate(this.#out));
    this.#set('roundTrip', this.roundTrip === null ? '–' : `${this.roundTrip.toFixed(1)} ms`);
    this.#set('sight', inSight);
    this.#set('corrected', `${(corrected * 100).toFixed(1)} cm`);
    if (this.#figures) {
      const {tickMedian, tickP99, bodies, awake, players} = this.#figures;
      this.#set('tick', `${tickMedian.toFixed(1)} ms, p99 ${tickP99.toFixed(1)}`);
      this.#set('bodies', `${bodies}, ${awake} awake`);
      this.#set('players', players);
    }
    this.#in = this.#out = 0;
    this.#since = now;
  }

  #set(name, text) { this.#fields[name].textContent = text; }
}
