// The processes, a bot that writes lines, and three readers that count them.

import {Connection} from './connection.mjs';
import {Reader} from './reader.mjs';

const LINES_PER_SECOND = 5;
const MOST_WAITING = 50;  // the bot waits while this many of its lines have not come back
const SHOWN_EVENTS = 100;
const NAMES = ['A', 'B', 'C'];

const byId = (id) => document.getElementById(id);
const figure = (name) => document.querySelector(`[data-figure=${name}]`);
const show = (node, text) => { if (node.textContent !== String(text)) node.textContent = text; };

// This page's lines: other pages may have bots in the same room.
const run = crypto.getRandomValues(new Uint32Array(1))[0].toString(36);
const textOf = (n) => `Line ${n} of the bot ${run}`;
const numberOf = (text) => Number(text.match(/^Line (\d+) of the bot (\w+)$/)?.[2] === run && text.match(/\d+/)[0]);

const clients = [];
let nodes = [];     // their addresses
let sent = 0;
let stored = 0;
let paused = false;

function tell(text) {
  const item = document.createElement('li');
  const time = document.createElement('time');
  time.textContent = new Date().toLocaleTimeString('en-GB');
  item.append(time, text);
  byId('events').prepend(item);
  while (byId('events').childElementCount > SHOWN_EVENTS) byId('events').lastElementChild.remove();
}

// ---- Processes ----

const panel = new Connection({
  urls: [location.origin.replace(/^http/, 'ws')],
  on: {
    state({is}) {
      byId('state').className = is;
      show(byId('state'), {open: 'Connected', connecting: 'Connecting'}[is] ?? 'The panel has ended');
      for (const button of byId('processes').querySelectorAll('button')) button.disabled = is !== 'open';
    },
    message: (text) => onProcesses(JSON.parse(text)),
  },
  probe: 'state',
});

function rowOf(name) {
  const row = document.createElement('tr');
  row.id = `process-${name}`;
  row.innerHTML = '<th scope="row"><span class="dot"></span></th><td></td><td></td><td><button type="button"></button></td>';
  row.cells[0].firstChild.textContent = name === 'redis' ? 'Redis' : `Node ${name}`;
  row.querySelector('button').onclick = ({currentTarget: {dataset}}) => panel.send(`${dataset.verb} ${name}`);
  byId('processes').append(row);
  return row;
}

function onProcesses(all) {
  panel.prove();
  // Another panel with other nodes, which this page may not connect to.
  if (all.some(({name, address}) => (byId(`process-${name}`)?.dataset.address ?? address) !== address)) location.reload();
  for (const {name, address, pid} of all) {
    const row = byId(`process-${name}`) ?? rowOf(name);
    const label = row.cells[0].firstChild;
    const before = row.dataset.pid;
    Object.assign(row.dataset, {pid, address});
    if (before !== undefined && before !== String(pid)) tell(`${label.textContent} ${pid === 0 ? 'has ended' : 'was started'}`);
    label.className = pid === 0 ? 'dot' : 'dot open';
    if (row.cells[1].childNodes.length === 0) {
      const link = document.createElement(name === 'redis' ? 'span' : 'a');
      if (name !== 'redis') Object.assign(link, {href: address.replace(/^ws/, 'http'), target: '_blank'});
      link.textContent = address.replace(/^.*:\/\//, '');
      row.cells[1].append(link);
    }
    show(row.cells[2], pid === 0 ? '–' : pid);
    const button = row.querySelector('button');
    button.dataset.verb = pid === 0 ? 'start' : 'kill';
    button.className = button.dataset.verb;
    show(button, pid === 0 ? 'Start' : 'Kill');
    button.setAttribute('aria-label', `${button.textContent} ${label.textContent}`);
  }
  if (nodes.length > 0) return;
  nodes = all.filter(({name}) => name !== 'redis').map(({address}) => address);
  for (const name of ['Bot', ...NAMES.map((each) => `Reader ${each}`)]) startClient(name);
  setInterval(write, 1000 / LINES_PER_SECOND);
  setInterval(update, 100);
}

// ---- Clients ----

// The reader B begins at node B; C and A are its next ones. The bot begins at A.
function startClient(name) {
  const first = Math.max(0, NAMES.indexOf(name.at(-1)));
  const row = document.createElement('tr');
  row.dataset.client = name;
  row.innerHTML = `<th scope="row"></th>${'<td></td>'.repeat(6)}`;
  row.cells[0].textContent = name;
  byId('clients').append(row);
  const client = {name, row, seen: new Set(), last: 0};
  client.reader = new Reader({
    name, urls: [...nodes.slice(first), ...nodes.slice(0, first)].map((node) => `${node}/`),
    on: {
      line(text) {
        const n = numberOf(text);
        if (n === 0) return;
        client.seen.add(n);
        client.last = Math.max(client.last, n);
      },
      back() { stored += 1; },
      event: (what) => tell(`${name} ${what}${client.reader?.url ? `, at node ${nodeOf(client)}` : ''}`),
    },
  });
  clients.push(client);
}

const nodeOf = ({reader}) => NAMES[nodes.indexOf(reader.url.slice(0, -1))] ?? '–';

// Lines below the last one that it has, and those that it has not.
const missing = ({seen, last}) => last - seen.size;

function write() {
  if (paused || sent - stored >= MOST_WAITING) return;
  clients[0].reader.chat.say(textOf(++sent));
}

function update() {
  for (const client of clients) {
    const {reader, row, seen} = client;
    const cells = [nodeOf(client), seen.size, Math.max(0, sent - client.last), reader.resumed, reader.gaps, missing(client)];
    cells.forEach((each, i) => show(row.cells[i + 1], each));
    row.cells[6].className = missing(client) > 0 ? 'lost' : '';
  }
  const lost = clients.reduce((sum, client) => sum + missing(client), 0);
  for (const [name, value] of Object.entries({sent, stored, missing: lost})) show(figure(name), value.toLocaleString('en'));
  figure('missing').className = lost > 0 ? 'lost' : '';
}

byId('pause').onclick = () => {
  paused = !paused;
  byId('pause').setAttribute('aria-pressed', paused);
  show(byId('pause'), paused ? 'Continue the bot' : 'Pause the bot');
};

panel.start();
