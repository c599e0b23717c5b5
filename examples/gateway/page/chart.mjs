// Draws the chart, and the small ones of the table.

import {WINDOW, lastOf, priceText, scaleOf, segmentsOf} from './prices.mjs';

const MARGIN = {top: 10, right: 60, bottom: 22, left: 4};
const TICKS = 5;
const TAG = 20;  // the height of the last price's label: there is no other within it
const SECONDS = [60, 45, 30, 15, 0];
const NARROW = 400;  // pixels: there is room for every second one

// A canvas that is as sharp as the screen. `draw(context, width, height)` is in CSS pixels.
export class Surface {
  #canvas;
  #context;

  constructor(canvas) {
    this.#canvas = canvas;
    this.#context = canvas.getContext('2d');
  }

  draw(draw) {
    const {clientWidth: width, clientHeight: height} = this.#canvas;
    if (width === 0) return;  // it is not shown
    const scale = Math.min(devicePixelRatio, 2);
    const [wide, high] = [Math.round(width * scale), Math.round(height * scale)];
    if (this.#canvas.width !== wide || this.#canvas.height !== high) Object.assign(this.#canvas, {width: wide, height: high});
    this.#context.setTransform(scale, 0, 0, scale, 0, 0);
    this.#context.clearRect(0, 0, width, height);
    draw(this.#context, width, height);
  }
}

// The colours of gateway.css, by the names of its variables.
let colours;
const readColours = () => {
  const style = getComputedStyle(document.documentElement);
  colours = Object.fromEntries(['ink', 'soft', 'line', 'card', 'accent', 'outage', 'good', 'bad']
    .map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
};
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', readColours);
readColours();

// A path through the points, which are in order, and on to the time `end`.
function trace(context, points, {x, y}, end) {
  context.beginPath();
  for (const {time, price} of points) context.lineTo(x(time), y(price));
  context.lineTo(x(end), y(points.at(-1).price));
}

// `outages`: [{from, to}], `to` is null while it lasts. `now` is the server's time.
export function drawChart(context, width, height, {instrument, outages, now}) {
  const [right, bottom] = [width - MARGIN.right, height - MARGIN.bottom];
  const {points} = instrument;
  const scale = scaleOf(points, TICKS);
  const x = (time) => right - (now - time) / WINDOW * (right - MARGIN.left);
  const y = (price) => bottom - (price - scale.low) / (scale.high - scale.low) * (bottom - MARGIN.top);
  const last = y(lastOf(instrument));

  context.font = '12px system-ui, sans-serif';
  context.textBaseline = 'middle';
  context.lineWidth = 1;
  context.strokeStyle = colours.line;
  context.fillStyle = colours.soft;
  for (const tick of scale.ticks) {
    const at = Math.round(y(tick)) + 0.5;
    context.beginPath();
    context.moveTo(MARGIN.left, at);
    context.lineTo(right, at);
    context.stroke();
    if (Math.abs(at - last) > TAG) context.fillText(tick.toFixed(Math.max(scale.decimals, 2)), right + 8, at);
  }
  context.textBaseline = 'alphabetic';
  for (const seconds of SECONDS.filter((_, i) => width > NARROW || i % 2 === 0)) {
    context.textAlign = seconds === 60 ? 'left' : seconds === 0 ? 'right' : 'center';
    context.fillText(seconds === 0 ? 'now' : `${seconds} s ago`, x(now - seconds * 1000), height - 4);
  }
  context.textAlign = 'left';

  context.save();
  context.beginPath();
  context.rect(MARGIN.left, 0, right - MARGIN.left, bottom + 1);
  context.clip();
  context.fillStyle = colours.outage;
  for (const {from, to} of outages) context.fillRect(x(from), MARGIN.top, x(to ?? now) - x(from), bottom - MARGIN.top);
  const segments = segmentsOf(points, outages);
  for (const segment of segments) {
    // The last price holds until now, unless the feed is lost.
    const holds = segment === segments.at(-1) && outages.at(-1)?.to !== null;
    const end = holds ? now : segment.at(-1).time;
    trace(context, segment, {x, y}, end);
    context.globalAlpha = 1;
    context.strokeStyle = colours.accent;
    context.lineWidth = 2;
    context.lineJoin = 'round';
    context.stroke();
    context.lineTo(x(end), bottom);
    context.lineTo(x(segment[0].time), bottom);
    context.globalAlpha = 0.1;
    context.fillStyle = colours.accent;
    context.fill();
  }
  context.restore();

  context.font = '600 12px system-ui, sans-serif';
  const text = priceText(lastOf(instrument));
  context.fillStyle = colours.accent;
  context.beginPath();
  context.roundRect(right + 2, last - TAG / 2, context.measureText(text).width + 12, TAG, 5);
  context.fill();
  context.fillStyle = colours.card;
  context.textBaseline = 'middle';
  context.fillText(text, right + 8, last + 0.5);
  context.textBaseline = 'alphabetic';
}

// A line without axes.
export function drawSpark(context, width, height, {instrument, now}) {
  const prices = instrument.points.map(({price}) => price);
  const [low, high] = [Math.min(...prices), Math.max(...prices)];
  const x = (time) => width - 2 - (now - time) / WINDOW * (width - 4);
  const y = (price) => high === low ? height / 2 : height - 3 - (price - low) / (high - low) * (height - 6);
  trace(context, instrument.points, {x, y}, now);
  context.strokeStyle = lastOf(instrument) < instrument.open ? colours.bad : colours.good;
  context.lineWidth = 1.5;
  context.lineJoin = 'round';
  context.stroke();
}
