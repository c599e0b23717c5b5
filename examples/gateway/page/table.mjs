// The table of the instruments: the text alternative of the chart, and its selection.

import {Surface, drawSpark} from './chart.mjs';
import {changeOf, changeText, lastOf, priceText} from './prices.mjs';

const make = (tag, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};

// Sets only what has changed: it is called many times per second.
export function show(element, text, direction = '') {
  if (element.textContent !== text) element.textContent = text;
  if (element.dataset.direction === direction) return;
  element.dataset.direction = direction;
  element.classList.toggle('up', direction === 'up');
  element.classList.toggle('down', direction === 'down');
}

export const directionOf = (change) => change > 0 ? 'up' : change < 0 ? 'down' : '';

export class Table {
  #body;
  #rows = new Map();  // by symbol: {row, radio, last, change, spark}
  #onSelect;

  constructor(body, onSelect) {
    this.#body = body;
    this.#onSelect = onSelect;
  }

  // `instruments` in the order of their symbols.
  draw(instruments, selected, now) {
    if (instruments.length !== this.#rows.size || !instruments.every(({symbol}) => this.#rows.has(symbol))) {
      this.#rows = new Map(instruments.map(({symbol}) => [symbol, this.#rows.get(symbol) ?? this.#makeRow(symbol)]));
      this.#body.replaceChildren(...[...this.#rows.values()].map(({row}) => row));
    }
    for (const instrument of instruments) {
      const {radio, last, change, spark} = this.#rows.get(instrument.symbol);
      radio.checked = instrument.symbol === selected;
      const by = changeOf(instrument);
      show(last, priceText(lastOf(instrument)));
      show(change, changeText(by), directionOf(by));
      spark.draw((context, width, height) => drawSpark(context, width, height, {instrument, now}));
    }
  }

  #makeRow(symbol) {
    const radio = make('input', {type: 'radio', name: 'instrument', value: symbol});
    radio.addEventListener('change', () => this.#onSelect(symbol));
    const last = make('td');
    const change = make('td', {className: 'change'});
    const canvas = make('canvas', {ariaHidden: 'true'});
    const row = make('tr', {}, make('th', {scope: 'row'}, make('label', {}, radio, symbol)),
      make('td', {className: 'spark'}, canvas), last, change);
    row.addEventListener('click', () => this.#onSelect(symbol));
    return {row, radio, last, change, spark: new Surface(canvas)};
  }
}
