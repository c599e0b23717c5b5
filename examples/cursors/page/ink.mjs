// The lines that a cursor has drawn, as long as they can be seen. No DOM: page_test.js runs it in Node.js. Times are in
// milliseconds.

export const FADES_OVER = 6000;
const MOST_POINTS = 600;  // of one cursor

export class Ink {
  #points = [];  // {time, x, y, starts}: where the pen was, the oldest first; `starts`: of a new stroke
  #down = false;

  // The cursor's next place, and whether its pen is down there. A stroke ends where the pen is lifted.
  add({time, x, y}, pen) {
    if (pen || this.#down) this.#points.push({time, x, y, starts: !this.#down});
    this.#down = pen;
    const old = this.#points.findIndex((point) => point.time > time - FADES_OVER);
    this.#points.splice(0, Math.max(old === -1 ? this.#points.length : old, this.#points.length - MOST_POINTS));
  }

  // The lines to draw at this time, each {from, to, strength}, the strength from 1 for a new one to 0. `head` is where
  // the cursor is drawn: the line that it draws just now ends there.
  *lines(time, head) {
    const known = this.#points.filter((point) => point.time <= time);
    for (let i = 1; i < known.length; ++i) {
      const strength = 1 - (time - known[i].time) / FADES_OVER;
      if (!known[i].starts && strength > 0) yield {from: known[i - 1], to: known[i], strength};
    }
    const next = this.#points[known.length];
    const draws = next ? !next.starts : this.#down;
    if (known.length > 0 && draws) yield {from: known.at(-1), to: head, strength: 1};
  }
}
