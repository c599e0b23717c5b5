// Draws one frame from the server's description; the page itself decodes nothing.

import {bytesOf, character, count, make, sectionLink, spaced} from './dom.mjs';

const SHOWN_IN_DIAGRAM = 32;  // bytes of a payload
const SHOWN_COMPRESSED = 64;
const narrow = matchMedia('(max-width: 44rem)');

narrow.addEventListener('change', () => {
  for (const diagram of document.querySelectorAll('.diagram-place')) diagram.redraw();
});

// The colour of a field.
const CLASS_OF = {
  'FIN': 'fin', 'RSV1': 'rsv', 'RSV2': 'rsv', 'RSV3': 'rsv', 'opcode': 'opcode', 'MASK': 'mask', 'length': 'length',
  'extended length': 'length', 'masking key': 'mask', 'close code': 'code', 'header': 'rsv',
};

// A reserved bit that is set has an effect, or is an error: it is drawn prominently.
function classOf({name, value}) {
  const found = CLASS_OF[name] ?? 'payload';
  return found === 'rsv' && value === '1' ? 'code' : found;
}

const bitsOf = (hex) => bytesOf(hex).map((byte) => parseInt(byte, 16).toString(2).padStart(8, '0')).join('');

// The boxes of a field: divided at each byte of a payload, and at the end of a row of the diagram.
function* boxes(field, perRow) {
  const step = field.firstBit % 8 === 0 && field.bits % 8 === 0 ? 8 : field.bits;
  const each = classOf(field) === 'payload' ? step : perRow;
  const end = field.firstBit + field.bits;
  for (let bit = field.firstBit; bit < end;) {
    const next = Math.min(end, bit + each, (Math.floor(bit / perRow) + 1) * perRow);
    yield {bit, bits: next - bit};
    bit = next;
  }
}

function drawBox(field, index, {bit, bits}, wireBits, masked) {
  const digits = wireBits.slice(bit, bit + bits);
  const hex = bits % 8 === 0 ? digits.match(/.{8}/g).map((byte) => parseInt(byte, 2).toString(16).padStart(2, '0')) : null;
  const box = make('div', `box ${classOf(field)}${bits === 1 ? ' bit' : ''}`);
  box.dataset.field = index;
  if (classOf(field) === 'payload') {
    box.append(make('b', '', hex[0]), make('small', '', masked ? '' : character(hex[0])));
  } else {
    box.append(make('b', '', hex ? hex.join(' ') : digits), make('small', '', bit === field.firstBit ? field.name : ''));
  }
  return box;
}

// As in the RFC: 32 bits per row, or 16 if there is no room.
function drawDiagram(frame) {
  const perRow = narrow.matches ? 16 : 32;
  const wireBits = bitsOf(frame.head + frame.wire);
  const lastBit = (frame.head.length / 2 + SHOWN_IN_DIAGRAM) * 8;
  const diagram = make('div', 'diagram');
  diagram.style.setProperty('--columns', perRow);
  for (let bit = 0; bit < perRow; bit++) diagram.append(make('i', bit % 8 === 0 ? 'byte' : '', String(bit)));
  frame.fields.forEach((field, index) => {
    for (const box of boxes(field, perRow)) {
      if (box.bit >= lastBit) break;
      const element = drawBox(field, index, box, wireBits, frame.masked);
      element.style.gridColumn = `${box.bit % perRow + 1} / span ${box.bits}`;
      diagram.append(element);
    }
  });
  const more = frame.payloadBytes - SHOWN_IN_DIAGRAM;
  return more > 0 ? [diagram, make('p', 'soft', `… and ${count(more, 'byte')} more`)] : [diagram];
}

function drawFields(frame) {
  const table = make('table', 'fields');
  frame.fields.forEach((field, index) => {
    const row = make('tr', classOf(field),
        make('th', '', field.name), make('td', 'mono', field.value), make('td', '', field.meaning),
        make('td', '', sectionLink(field.rfc, field.section)));
    row.dataset.field = index;
    row.tabIndex = 0;
    table.append(row);
  });
  return table;
}

// Byte by byte, for the shown part: the byte on the wire, the key, and the payload.
function drawBytes(frame) {
  const wire = bytesOf(frame.wire), plain = bytesOf(frame.plain), key = bytesOf(frame.key ?? '');
  const names = frame.masked ? ['on the wire', '⊕ key', '= payload', ''] : ['on the wire', ''];
  const columns = make('div', 'columns');
  wire.forEach((byte, i) => {
    const steps = frame.masked ? [make('span', 'mask', key[i % 4]), make('span', 'plain', plain[i])] : [];
    columns.append(make('div', 'column', make('span', 'payload', byte), ...steps, make('span', 'soft', character(plain[i]))));
  });
  const section = make('section', '', make('h3', '', frame.masked ? 'Unmasking' : 'Payload'),
      make('div', 'steps-of', make('div', 'column names', ...names.map((name) => make('span', '', name))), columns));
  if (frame.payloadBytes > wire.length) section.append(make('p', 'soft', `… and ${count(frame.payloadBytes - wire.length, 'byte')} more`));
  return section;
}

function drawBar(name, bytes, most) {
  const bar = make('div', 'bar');
  bar.style.width = `${Math.max(1, 100 * bytes / most)}%`;
  return make('div', 'measure', make('span', 'soft', name), make('div', 'track', bar), make('b', '', count(bytes, 'byte')));
}

const start = (hex) => spaced(hex.slice(0, 2 * SHOWN_COMPRESSED)) + (hex.length > 2 * SHOWN_COMPRESSED ? ' …' : '');

function drawCompression(frame) {
  const most = Math.max(frame.contentBytes, frame.payloadBytes, 1);
  const tail = frame.fin ? [' ', make('del', '', '00 00 ff ff')] : [];
  const section = make('section', 'compression', make('h3', '', 'Compression'),
      drawBar('before', frame.contentBytes, most), drawBar('after', frame.payloadBytes, most),
      make('p', 'mono', make('span', 'soft', 'before '), start(frame.content)),
      make('p', 'mono', make('span', 'soft', 'after '), start(frame.plain), ...tail));
  if (frame.fin) {
    section.append(make('p', 'soft', 'The last four bytes are the same for every message: the sender leaves them out, the receiver puts ' +
        'them back. ', sectionLink('7692', '7.2.1')));
  }
  return section;
}

// The sentence about a broken rule.
export function ruleOf(violation) {
  return [violation.rule, violation.seen && !violation.seen.includes('length=') ? ` (${violation.seen})` : ''].join('');
}

function drawViolation({rfc, section, rule, seen, code, codeName}) {
  const told = make('span', 'soft', ` A receiver ends the connection with ${code}, ${codeName}.`);
  return make('p', 'violation', make('b', '', 'Broken: '), `${ruleOf({rule, seen})}. `, sectionLink(rfc, section), told);
}

function drawTitle(frame, sender, number) {
  const size = (frame.head.length / 2) + Number(frame.payloadBytes);
  const way = sender === 'client' ? 'client → server' : 'server → client';
  const parts = [make('h2', '', number), make('span', `tag ${sender}`, frame.name ?? 'an incomplete header'),
                 make('span', 'soft', `${way} · ${count(size, 'byte')}: ${frame.head.length / 2} of header`)];
  if (frame.name) parts[2].append(` + ${Number(frame.payloadBytes).toLocaleString('en')} of payload`);
  return make('summary', '', ...parts);
}

// All details of a frame, in an element that can be folded.
export function drawFrame(frame, sender, number, open = true) {
  const body = make('div', 'body');
  const card = make('details', 'card frame', drawTitle(frame, sender, number), body);
  if (frame.violation) card.classList.add('broken');
  if (frame.violation) body.append(drawViolation(frame.violation));
  if (!frame.complete) {
    const missing = frame.name ? `${count(frame.missingBytes, 'byte')} of the payload` : 'the rest of the header';
    body.append(make('p', 'violation', make('b', '', 'Not complete: '), `${missing} are missing.`));
  }
  const diagram = make('div', 'diagram-place', ...drawDiagram(frame));
  body.append(diagram, drawFields(frame));
  if (frame.wire && (frame.masked || frame.payloadBytes > SHOWN_IN_DIAGRAM)) body.append(drawBytes(frame));
  if (frame.compressed) body.append(drawCompression(frame));
  if (frame.text) {
    const cut = frame.contentBytes * 2 > frame.content.length ? ' …' : '';
    body.append(make('p', 'says', make('q', '', frame.text + cut)));
  }
  diagram.redraw = () => diagram.replaceChildren(...drawDiagram(frame));
  card.open = open;
  for (const event of ['pointerover', 'focusin']) card.addEventListener(event, ({target}) => highlight(card, target));
  return card;
}

// A field is highlighted in the diagram and in the table together.
function highlight(card, target) {
  const field = target.closest('[data-field]')?.dataset.field;
  for (const lit of card.querySelectorAll('.lit')) lit.classList.remove('lit');
  if (field === undefined) return;
  for (const part of card.querySelectorAll(`[data-field="${field}"]`)) part.classList.add('lit');
}
