// The tap's log, live.

import {startArriving} from './arriving.mjs';
import {byId, count, make} from './dom.mjs';
import {drawFrame} from './frame.mjs';
import {drawLine} from './handshake.mjs';
import {startTapUrl} from './tap_url.mjs';

const KEPT = 1000;      // entries, the latest
const START_BYTES = 80; // of a payload, in one line

const seconds = (entry) => `${entry.seconds.toFixed(3)} s`;

function drawRow(entry) {
  const row = make('li', `entry ${entry.sender} ${entry.kind ?? 'missed'}${entry.problem ? ' bad' : ''}`,
      make('span', 'time', entry.missed ? '' : seconds(entry)), make('span', 'who', entry.missed ? '' : `#${entry.connection}`));
  if (entry.missed) {
    row.setAttribute('role', 'presentation');
    row.append(make('span', 'what', `${count(entry.missed, 'entry').replace('entrys', 'entries')} missed: this page reads too slowly`));
    return row;
  }
  const what = make('span', 'what');
  if (entry.name) what.append(make('b', '', entry.name), entry.fin ? '' : make('small', '', 'not the last'));
  if (entry.compressed) what.append(make('small', '', 'compressed'));
  what.append(make('q', '', (entry.start ?? '').slice(0, START_BYTES)), make('span', 'soft', entry.text));
  if (entry.problem) what.append(make('strong', '', entry.problem));
  row.append(make('span', 'way', entry.kind === 'note' ? '' : entry.sender === 'client' ? '→' : '←'), what,
      make('span', 'size', entry.name ? count(entry.payloadBytes, 'byte') : ''));
  row.dataset.id = entry.id;
  row.setAttribute('role', 'option');
  row.setAttribute('aria-selected', 'false');
  row.tabIndex = -1;
  return row;
}

// How to start a tap. In the gallery there are other examples, for which this server itself is the right target.
function explain() {
  const isAlone = document.querySelector('.home').hidden;
  byId('tapBeside').hidden = isAlone;
  byId('tapAlone').hidden = byId('tapEcho').hidden = !isAlone;
  if (!isAlone) byId('tapServer').textContent = location.host;
}

export function startTap(ask) {
  const list = byId('tapList');
  const form = byId('tapFilter');
  const arriving = startArriving();
  const url = startTapUrl();
  let entries = [];
  let last = 0;         // the id of the latest entry
  let paused = false;
  let waiting = [];     // to be drawn with the next picture
  let held = 0;         // arrived since the pause

  function fits(entry) {
    const {words, client, server, broken} = form.elements;
    if (!(entry.sender === 'client' ? client : server).checked || (broken.checked && !entry.problem)) return false;
    const text = [entry.name, entry.start, entry.text, entry.problem, `#${entry.connection}`].join(' ').toLowerCase();
    return text.includes(words.value.toLowerCase());
  }

  // The list is one stop of the Tab key: the row that last had the focus, or else the first. The arrow keys move from
  // there.
  function stopAt(row) {
    if (!row) return;
    list.querySelector('[tabindex="0"]')?.setAttribute('tabindex', '-1');
    row.tabIndex = 0;
  }

  function draw() {
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
    list.append(...waiting.filter(fits).map(drawRow));
    waiting = [];
    while (list.childElementCount > KEPT) list.firstElementChild.remove();
    if (!list.querySelector('[tabindex="0"]')) stopAt(list.querySelector('[data-id]'));
    if (atEnd) list.scrollTop = list.scrollHeight;
  }

  function drawAll() {
    list.replaceChildren();
    waiting = entries.slice();
    draw();
  }

  function add({entries: more}) {
    const fresh = [];
    for (const entry of more) {
      if (last && entry.id > last + 1) {
        fresh.push({missed: entry.id - last - 1, sender: entry.sender});
        arriving.clear();  // some may have arrived meanwhile
      }
      arriving.arrived(entry);
      last = entry.id;
      fresh.push(entry);
    }
    entries = [...entries, ...fresh].slice(-KEPT);
    if (paused) {
      held += more.length;
      byId('tapPause').textContent = `Resume, ${held} more`;
      return;
    }
    if (waiting.length === 0) requestAnimationFrame(draw);
    waiting.push(...fresh);
  }

  function pause(now) {
    paused = now;
    held = 0;
    byId('tapPause').textContent = paused ? 'Resume' : 'Pause';
    if (!paused) drawAll();
  }

  function select(row) {
    if (!row) return;
    list.querySelector('[aria-selected=true]')?.setAttribute('aria-selected', 'false');
    row.setAttribute('aria-selected', 'true');
    ask({type: 'entry', id: Number(row.dataset.id)});
  }

  function show(entry) {
    const name = `#${entry.connection} · ${seconds(entry)}`;
    if (entry.kind === 'frame') return byId('tapDetail').replaceChildren(drawFrame(entry.frame, entry.sender, name));
    const card = make('section', 'card', make('h2', '', `${name} · ${entry.kind === 'head' ? 'the handshake' : entry.text}`));
    if (entry.problem) card.append(make('p', 'violation', make('b', '', 'Broken: '), `${entry.problem}.`));
    if (entry.lines) card.append(make('ol', 'lines', ...entry.lines.map(drawLine)));
    byId('tapDetail').replaceChildren(card);
  }

  const fail = (text) => byId('tapDetail').replaceChildren(make('p', 'card error', text));

  function clear() {
    entries = waiting = [];
    list.replaceChildren();
    byId('tapDetail').replaceChildren();
  }

  // A restarted server starts counting again.
  function greet({tap}) {
    clear();
    arriving.clear();
    last = 0;
    byId('tapHow').hidden = !!tap;
    byId('tapView').hidden = !tap;
    if (!tap) return;
    byId('tapConnect').textContent = tap.connect;
    byId('tapForwards').textContent = tap.forwards[0];
    url.greet(tap);
  }

  explain();
  form.onsubmit = (event) => event.preventDefault();
  form.oninput = drawAll;
  byId('tapPause').onclick = () => pause(!paused);
  byId('tapClear').onclick = clear;
  list.onclick = ({target}) => select(target.closest('[data-id]'));
  list.addEventListener('focusin', ({target}) => stopAt(target.closest('[data-id]')));
  list.onkeydown = (event) => {
    const rows = [...list.querySelectorAll('[data-id]')];
    const at = rows.indexOf(event.target.closest('[data-id]'));
    const to = {ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1}[event.key];
    if (event.key === 'Enter' || event.key === ' ') select(rows[at]);
    else if (to === undefined) return;
    else rows[to]?.focus();
    event.preventDefault();
  };
  return {add, show, fail, greet, arriving};
}
