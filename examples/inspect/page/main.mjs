// The connection to the server, and the selection of the view.

import {byId} from './dom.mjs';
import {startHandshake} from './handshake.mjs';
import {startMessage} from './message.mjs';
import {startTap} from './tap.mjs';

const RECONNECT_MS = 1000;
let socket = null;

function ask(question) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(question));
}

const message = startMessage(ask);
const handshake = startHandshake(ask);
const tap = startTap(ask);

const handlers = {
  hello(hello) {
    handshake.greet(hello);
    tap.greet(hello);
    message.greet();
  },
  frames: message.show,
  handshake: handshake.show,
  tap: tap.add,
  entry: tap.show,
  error: ({about, text}) => (about === 'entry' ? tap : message).fail(text),
};

function show(state) {
  byId('state').textContent = byId('state').className = state;
}

function connect() {
  show('connecting');
  socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/wire`);
  socket.onopen = () => show('connected');
  socket.onmessage = ({data}) => {
    const answer = JSON.parse(data);
    handlers[answer.type](answer);
  };
  socket.onclose = () => {
    show('disconnected');
    setTimeout(connect, RECONNECT_MS);
  };
}

function view() {
  const links = [...document.querySelectorAll('nav a')];
  const current = links.find(({hash}) => hash === location.hash) ?? links[0];
  for (const main of document.querySelectorAll('main')) main.hidden = `#${main.id}` !== current.hash;
  for (const link of links) {
    if (link === current) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
}

addEventListener('hashchange', () => {
  view();
  scrollTo(0, 0);
});
view();
connect();
