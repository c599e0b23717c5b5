// The prices that the page has received. No DOM: page_test.js runs it in Node.js. Times are the server's, in milliseconds.

export const WINDOW = 60_000;  // of the chart

export class Prices {
  #instruments = new Map();  // by symbol, in its order: {symbol, open, points: [{time, price}]}, the oldest first

  // Replaces everything: the server may have started again, and with it its time.
  snapshot(instruments) {
    this.#instruments = new Map(instruments.map(({symbol, open, points}) =>
      [symbol, {symbol, open, points: points.map(([time, price]) => ({time, price}))}]));
  }

  // A price that is not newer than the known one is ignored: messages that were published while the snapshot was made
  // arrive after it.
  take({symbol, price, time}) {
    let instrument = this.#instruments.get(symbol);
    if (!instrument) {
      instrument = {symbol, open: price, points: []};
      this.#instruments.set(symbol, instrument);
      this.#instruments = new Map([...this.#instruments].sort(([a], [b]) => a < b ? -1 : 1));
    }
    const {points} = instrument;
    if (points.length > 0 && time <= points.at(-1).time) return;
    points.push({time, price});
    // One that is older than the window is kept: the line comes from there.
    const first = points.findIndex((point) => point.time >= time - WINDOW);
    if (first > 1) points.splice(0, first - 1);
  }

  all() { return [...this.#instruments.values()]; }
  get(symbol) { return this.#instruments.get(symbol); }
}

export const lastOf = ({points}) => points.at(-1).price;
export const changeOf = (instrument) => lastOf(instrument) / instrument.open - 1;

// The points between the outages ([{from, to}], `to` is null while it lasts): the price of that time is not known.
export function segmentsOf(points, outages) {
  const segments = [];
  points.forEach((point, i) => {
    const lost = ({from, to}) => from < point.time && (to ?? Infinity) > points[i - 1].time;
    if (i === 0 || outages.some(lost)) segments.push([]);
    segments.at(-1).push(point);
  });
  return segments;
}

export const priceText = (price) => price.toFixed(price < 1 ? 4 : 2);
export function changeText(change) {
  const text = (Math.abs(change) * 100).toFixed(2);
  if (Number(text) === 0) return '0.00 %';
  return `${change > 0 ? '▲ +' : '▼ −'}${text} %`;
}

// {low, high, ticks} for an axis with these points: about `count` round numbers between, or outside of, all prices.
export function scaleOf(points, count) {
  const prices = points.map(({price}) => price);
  let [low, high] = [Math.min(...prices), Math.max(...prices)];
  // A price that rests is a line in the middle.
  const span = Math.max(high - low, high * 0.002);
  [low, high] = [(low + high - span) / 2, (low + high + span) / 2];
  const exact = span / count;
  const power = 10 ** Math.floor(Math.log10(exact));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= exact);
  [low, high] = [Math.floor(low / step) * step, Math.ceil(high / step) * step];
  const ticks = Array.from({length: Math.round((high - low) / step) + 1}, (_, i) => low + i * step);
  return {low, high, ticks, decimals: Math.max(0, -Math.floor(Math.log10(step)))};
}
