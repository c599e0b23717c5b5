// Connects the parts: the user's identity, the connection, the room, and the view.

import {Chat, MOST_BYTES, bytesOf, textOf} from './chat.mjs';
import {Connection} from './connection.mjs';
import {startRooms} from './rooms.mjs';
import {View} from './view.mjs';
import {account, nodes, roomOf} from './visit.mjs';

const byId = (id) => document.getElementById(id);

// This browser's storage, if it is allowed.
const stored = {
  get(name) { try { return localStorage.getItem(name); } catch { return null; } },
  set(name, value) { try { localStorage.setItem(name, value); } catch { /* then only this page does */ } },
};

const randomToken = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');

function ownKey() {
  const key = stored.get('chat.key') ?? randomToken();
  stored.set('chat.key', key);
  return key;
}

const home = document.baseURI.replace(/^http/, 'ws').replace(/\/$/, '');  // of the chat: the pages are under it
const room = roomOf(location.pathname);
const view = new View();
view.room(room.name);
startRooms(room);
const known = await account(fetch);
view.account(known);
const connection = new Connection({
  urls: (await nodes(fetch, home)).map((node) => `${node}/${room.path}`),
  protocol: 'chat.weft.v1',
  probe: JSON.stringify({type: 'ping'}),
  on: {
    state(state) {
      view.state(state);
      if (state.is === 'open') chat.opened();
      else chat.lost();
    },
    message: (text) => chat.receive(text),
  },
});
const chat = new Chat({
  key: ownKey(), sender: randomToken(), link: connection, view,
  remember: (name) => { if (known === null) stored.set('chat.name', name); },
});

byId('call').onsubmit = (event) => {
  event.preventDefault();
  const name = byId('name').value.trim();
  if (name === '') return;
  view.closeCall();
  chat.call(name);
};
byId('cancel').onclick = () => view.closeCall();
byId('who').onclose = () => {
  chat.opened();  // with the previous name, if another one was refused
  view.focus();
};
byId('rename').onclick = () => view.call(known === null ? stored.get('chat.name') ?? chat.name : chat.name);
byId('composer').onsubmit = (event) => {
  event.preventDefault();
  const text = textOf(byId('text').value);
  if (bytesOf(text) > MOST_BYTES) return;  // the page reports it
  byId('text').value = '';
  view.typed();
  if (text !== '') chat.say(text);
};
byId('text').onkeydown = (event) => {
  // The Enter that ends the input of a composed character is not for us (in Safari only its keyCode shows that).
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return;
  event.preventDefault();
  byId('composer').requestSubmit();
};
byId('text').oninput = () => {
  const text = textOf(byId('text').value);
  view.typed(Math.max(0, bytesOf(text) - MOST_BYTES));
  if (text !== '') chat.type();
};
byId('retry').onclick = () => {
  connection.tryNow();
  byId('text').focus();
};
addEventListener('online', () => connection.tryNow());
document.addEventListener('visibilitychange', () => { if (!document.hidden) connection.tryNow(); });
addEventListener('beforeunload', (event) => { if (chat.hasUnsaid) event.preventDefault(); });

const name = known ?? stored.get('chat.name');
if (name === null) view.call('');
else chat.call(name);
connection.start();
