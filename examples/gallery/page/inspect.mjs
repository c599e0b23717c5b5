// A frame, bit by bit, as the inspector explains it.

import {frameOf} from './frame.mjs';
import {Link} from './link.mjs';

const KINDS = {FIN: 'fin', opcode: 'opcode', length: 'length'};  // the fields with a colour, by name

export class Inspect {
  #link = new Link('inspect/wire', {message: (data) => this.#show(JSON.parse(data)), opened: () => this.#ask()});
  #frame = null;  // the last one, as hex digits

  start() { this.#link.open(); }
  stop() { this.#link.close(); }

  explain(text) {
    this.#frame = frameOf(text);
    this.#ask();
  }

  #ask() {
    if (this.#frame) this.#link.send(JSON.stringify({type: 'decode', sender: 'server', hex: this.#frame.join('')}));
  }

  #show({type, frames, hex}) {
    if (type !== 'frames' || frames.length !== 1) return;
    const cells = [];
    const names = [];
    const bits = [...hex.slice(0, 4)].map((digit) => parseInt(digit, 16).toString(2).padStart(4, '0')).join('');
    for (const {name, firstBit, bits: count} of frames[0].fields) {
      if (firstBit >= 16) continue;
      const kind = KINDS[name] ?? '';
      for (const bit of bits.slice(firstBit, firstBit + count)) cells.push(this.#cell('span', kind, bit));
      const label = this.#cell('small', kind, count > 1 || kind === 'fin' ? name : '');
      label.style.setProperty('--bits', count);
      names.push(label);
    }
    document.getElementById('bits').replaceChildren(...cells, ...names);
    const payload = document.createElement('b');
    payload.textContent = this.#frame.slice(2).join(' ');
    document.getElementById('bytes').replaceChildren(`${this.#frame.slice(0, 2).join(' ')} `, payload);
    document.getElementById('this-frame').href = `inspect/#frame=${hex}`;
  }

  #cell(tag, kind, text) {
    const cell = document.createElement(tag);
    cell.className = kind;
    cell.textContent = text;
    return cell;
  }
}
