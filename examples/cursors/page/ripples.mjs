// Clicks, which others see as rings. No DOM: page_test.js runs it in Node.js. Times are in milliseconds.

export const RIPPLE_LASTS = 900;

export class Ripples {
  #clicks = null;  // the counter, as last heard
  #rings = [];     // {time, x, y}

  // The cursor's counter of clicks at this place. A different one is a ripple; the first one says nothing, because
  // those clicks are past.
  heard({time, x, y}, clicks) {
    if (this.#clicks !== null && clicks !== this.#clicks) this.#rings.push({time, x, y});
    this.#clicks = clicks;
  }

  // The rings to draw at this time, each {x, y, share}: the share of its life that has passed.
  at(time) {
    this.#rings = this.#rings.filter((ring) => time - ring.time < RIPPLE_LASTS);
    return this.#rings.filter((ring) => ring.time <= time).map(({time: since, x, y}) => ({x, y, share: (time - since) / RIPPLE_LASTS}));
  }
}
