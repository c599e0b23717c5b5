// Connects the parts: a connection, a pointer, and a picture for each frame of the screen.

import {Backoff} from './backoff.mjs';
import {Ink} from './ink.mjs';
import {Track} from './interpolation.mjs';
import {OwnName} from './own_name.mjs';
import {Panel} from './panel.mjs';
import {Pointer} from './pointer.mjs';
import {SPACE} from './protocol.mjs';
import {Ripples} from './ripples.mjs';
import {Room} from './room.mjs';
import {Stage} from './stage.mjs';
import {Throttle} from './throttle.mjs';
import {whoIsHere} from './who.mjs';

const PING_EVERY = 500;  // milliseconds: it also confirms the messages received

const byId = (id) => document.getElementById(id);
const stage = new Stage(byId('space'));
const panel = new Panel(byId('panel'), performance.now());
const throttle = new Throttle();
const own = {track: new Track(), ink: new Ink(), ripples: new Ripples()};  // drawn at once, not when it comes back
let room = null;  // of the current connection

// In the wire's units.
function offer({place: {x, y}, pen, clicks}) {
  throttle.offer({x: Math.floor(x * SPACE), y: Math.floor(y * SPACE), pen, clicks});
}

own.ripples.heard({}, 0);
const pointer = new Pointer(byId('space'), byId('pen'), () => {
  const point = {time: performance.now(), ...pointer.place};
  own.track.add(point);
  own.ink.add(point, pointer.pen);
  own.ripples.heard(point, pointer.clicks);
  offer(pointer);
});

const ownName = new OwnName({input: byId('name'), form: byId('me'), key: 'weft cursors name', tell: (utf8) => room?.rename(utf8)});

const backoff = new Backoff();

function connect() {
  // Where the page is, by http or https: a URL of ws or wss.
  const socket = new WebSocket(new URL('.', location.href).href.replace(/^http/, 'ws'));
  socket.binaryType = 'arraybuffer';
  const fresh = new Room(socket, panel, (name) => {
    backoff.prove();
    byId('state').hidden = true;
    ownName.show(name);
  });
  socket.onopen = () => {
    room = fresh;
    panel.reset(performance.now());
    if (pointer.place) offer(pointer);
    ownName.tell();
  };
  socket.onmessage = ({data}) => {
    try {
      fresh.receive(data, performance.now());
    } catch (error) {
      console.error(error);
      socket.close(4000, String(error.message).slice(0, 100));
    }
  };
  socket.onclose = ({code, reason}) => {
    room = null;
    const shown = byId('state');
    shown.hidden = false;
    const wait = backoff.after(code);
    const next = wait === null ? 'Load the page again.' : 'Trying again …';
    shown.textContent = `Not connected${reason ? `: ${reason}` : code === 1006 ? '' : ` (${code})`}. ${next}`;
    if (wait !== null) setTimeout(connect, wait);
  };
}

let drawn = performance.now();
function frame() {
  requestAnimationFrame(frame);
  const now = performance.now();
  pointer.turn(Math.min((now - drawn) / 1000, 0.1));
  drawn = now;
  stage.clear();
  if (room) {
    const place = throttle.take(now);
    if (place) room.move(place);
    room.draw(stage, now, pointer.place);
  }
  if (pointer.place) drawOwn(now);
  panel.drawn(performance.now() - now);
}

function drawOwn(now) {
  const id = room?.own ?? 0;
  stage.drawInk(id, own.ink.lines(now, pointer.place));
  stage.drawRipples(id, own.ripples.at(now));
  stage.draw(id, (ago) => own.track.at(now - ago), {opacity: room ? 1 : 0.3, own: true});
}

// Changes an element only if its text does: a screen reader reads changes.
function say(element, text) { if (element.textContent !== text) element.textContent = text; }

const ping = () => room?.ping(performance.now());
setInterval(ping, PING_EVERY);
document.addEventListener('visibilitychange', ping);
setInterval(() => {
  if (!room) return;
  const {people, bots} = room.present;
  panel.show(performance.now(), people.length + bots.length + (pointer.place ? 1 : 0));
  say(byId('who'), whoIsHere(people.map((id) => room.names.get(id)?.text ?? 'somebody'), bots.length));
  byId('invite').hidden = people.length > 0;
}, 1000);

// On a phone the picture needs the room.
if (matchMedia('(max-width: 40rem)').matches) byId('panel').open = false;

connect();
frame();

// For inspection, in the console or in a test.
globalThis.cursors = {
  get own() { return room?.own ?? null; },
  get ownPlace() { return pointer.place; },
  get roundTrip() { return panel.roundTrip; },
  get ids() { return [...(room?.cursors.keys() ?? [])]; },
  get people() { return room?.present.people ?? []; },
  get bots() { return room?.present.bots ?? []; },
  nameOf(id) { return room?.names.get(id)?.text; },
  // The position where a cursor is drawn, each coordinate from 0 to 1, or null.
  placeOf(id) { return room?.placeOf(id, performance.now()) ?? null; },
  // How much another cursor has on the screen: {lines, rings}.
  marksOf(id) { return room?.marksOf(id, performance.now()); },
};
