// The connection to the server, and the selection of the view.

import {Backoff} from './backoff.mjs';
import {byId} from './dom.mjs';
import {startHandshake} from './handshake.mjs';
import {startMessage} from './message.mjs';
import {startTap} from './tap.mjs';

const backoff = new Backoff();
let socket = null;

function ask(question) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(question));
}

const message = startMessage(ask);
const handshake = startHandshake(ask);
const tap = startTap(ask);

const handlers = {
  hello(hello) {
    backoff.prove();
    handshake.greet(hello);
    tap.greet(hello);
    message.greet();
  },
  frames: message.show,
  handshake: handshake.show,
  tap: tap.add,
  arriving: tap.arriving.show,
  closed: tap.arriving.closed,
  entry: tap.show,
  error: ({about, text}) => (about === 'entry' ? tap : message).fail(text),
};

function show(state, advice = '') {
  byId('state').className = state;
  byId('state').textContent = state + advice;
}

function connect() {
  show('connecting');
  socket = new WebSocket(new URL('wire', location.href).href.replace(/^http/, 'ws'));
  socket.onopen = () => show('connected');
  socket.onmessage = ({data}) => {
    const answer = JSON.parse(data);
    handlers[answer.type](answer);
  };
  socket.onclose = ({code}) => {
    const wait = backoff.after(code);
    show('disconnected', wait === null ? '. Load the page again.' : '');
    if (wait !== null) setTimeout(connect, wait);
  };
}

// #frame=810548656c6c6f shows these bytes. If the first frame is masked they are those of a client, otherwise of a server,
// unless &from=client or &from=server says so.
function showLinkedFrame() {
  const link = new URLSearchParams(location.hash.slice(1));
  const hex = link.get('frame');
  if (hex === null) return;
  const isMasked = (parseInt(hex.replace(/\s/g, '').slice(2, 4), 16) & 0x80) !== 0;
  const from = link.get('from');
  message.open(['client', 'server'].includes(from) ? from : isMasked ? 'client' : 'server', hex);
}

function view() {
  const links = [...document.querySelectorAll('nav a')];
  const current = links.find(({hash}) => hash === location.hash) ?? links[0];
  for (const main of document.querySelectorAll('main')) main.hidden = `#${main.id}` !== current.hash;
  for (const link of links) {
    if (link === current) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  showLinkedFrame();
}

addEventListener('hashchange', () => {
  view();
  scrollTo(0, 0);
});
view();
connect();
