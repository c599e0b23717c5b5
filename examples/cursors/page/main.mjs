// Connects the parts: a connection, a pointer, and a picture for each frame of the screen.

import {LATE, ServerClock, Track} from './interpolation.mjs';
import {Panel} from './panel.mjs';
import {SPACE, VERSION, dispatch, encodeMove, encodePing} from './protocol.mjs';
import {Stage} from './stage.mjs';
import {Throttle} from './throttle.mjs';

const PING_EVERY = 500;    // milliseconds: it also confirms the messages received
const IDLE_AFTER = 10_000;
const IDLE_OPACITY = 0.3;
const FADE_OVER = 600;

const byId = (id) => document.getElementById(id);
const stage = new Stage(byId('space'));
const panel = new Panel(byId('panel'), performance.now());
const throttle = new Throttle();
const ownTrack = new Track();
let ownPlace = null;  // in the wire's units
let room = null;      // of the current connection

const ageOf = (since, now) => Math.min(Math.max((now - since) / FADE_OVER, 0), 1);

// The state of one connection; another starts over.
class Room {
  own = null;             // the number of our cursor
  // by number, without ours: {track, since: its arrival, heard: the last message about it, gone: when it left, or
  // null}
  cursors = new Map();
  #socket;
  #clock = new ServerClock();
  #heard = 0;

  constructor(socket) { this.#socket = socket; }

  receive(buffer, now) {
    panel.received(buffer.byteLength);
    dispatch(buffer, {
      welcome: ({version, own}) => {
        if (version !== VERSION) throw new Error(`the server speaks version ${version}, the page ${VERSION}: load it again`);
        this.own = own;
        byId('state').hidden = true;
      },
      changes: ({all, time, changes}) => {
        this.#heard = (this.#heard + 1) & 0xff;
        const sent = this.#clock.heard(time, now);
        if (all) this.#keep(new Set(changes.map(({id}) => id)), now);
        for (const change of changes) this.#apply(change, sent, now);
      },
      pong: (number) => panel.pong(number, now),
    });
  }

  // All others are gone.
  #keep(ids, now) {
    for (const [id, cursor] of this.cursors) if (!ids.has(id)) cursor.gone ??= now;
  }

  #apply({id, gone, age, x, y}, sent, now) {
    if (id === this.own) return;
    let cursor = this.cursors.get(id);
    if (gone) {
      if (cursor) cursor.gone ??= now;
      return;
    }
    if (!cursor || cursor.gone !== null) this.cursors.set(id, cursor = {track: new Track(), since: now, gone: null});
    cursor.track.add({time: sent - age, x: x / SPACE, y: y / SPACE});
    cursor.heard = now;
  }

  // A hidden page sends nothing. The server then soon stops sending too, because nothing is confirmed.
  get #speaks() { return this.#socket.readyState === WebSocket.OPEN && document.visibilityState === 'visible'; }

  move(place) { if (this.#speaks) this.#send(encodeMove(this.#heard, place)); }
  ping(now) { if (this.#speaks) this.#send(encodePing(this.#heard, panel.ping(now))); }

  #send(message) {
    this.#socket.send(message);
    panel.sent(message.byteLength);
  }

  placeOf(id, now) { return this.cursors.get(id)?.track.at(this.#clock.at(now) - LATE); }

  draw(now) {
    const shown = this.#clock.at(now) - LATE;
    for (const [id, {track, since, heard, gone}] of this.cursors) {
      const idle = 1 - (1 - IDLE_OPACITY) * ageOf(heard + IDLE_AFTER, now);
      const opacity = ageOf(since, now) * idle * (gone === null ? 1 : 1 - ageOf(gone, now));
      stage.draw(id, (ago) => track.at(shown - ago), {opacity});
      if (gone !== null && ageOf(gone, now) === 1) this.cursors.delete(id);
    }
  }

  // The cursors that are present, including ours once it has moved.
  get size() { return [...this.cursors.values()].filter(({gone}) => gone === null).length + (ownPlace ? 1 : 0); }
}

let wait = 500;  // milliseconds before it reconnects

function connect() {
  const socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/`);
  socket.binaryType = 'arraybuffer';
  const fresh = new Room(socket);
  socket.onopen = () => {
    wait = 500;
    room = fresh;
    panel.reset(performance.now());
    if (ownPlace) throttle.offer(ownPlace);
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
    shown.textContent = `Not connected${reason ? `: ${reason}` : code === 1006 ? '' : ` (${code})`}. Trying again …`;
    setTimeout(connect, wait * (0.5 + Math.random()));
    wait = Math.min(wait * 2, 8000);
  };
}

// A mouse that moves, a finger that touches or is dragged.
function point({clientX, clientY}) {
  const {clientWidth, clientHeight} = byId('space');
  const fraction = (at, size) => Math.min(Math.max(at / size, 0), 1 - 1 / SPACE);
  const [x, y] = [fraction(clientX, clientWidth), fraction(clientY, clientHeight)];
  ownTrack.add({time: performance.now(), x, y});
  ownPlace = {x: Math.floor(x * SPACE), y: Math.floor(y * SPACE)};
  throttle.offer(ownPlace);
}
for (const event of ['pointermove', 'pointerdown']) byId('space').addEventListener(event, point);

function frame() {
  requestAnimationFrame(frame);
  const now = performance.now();
  stage.clear();
  if (room) {
    const place = throttle.take(now);
    if (place) room.move(place);
    room.draw(now);
  }
  if (ownPlace) stage.draw(room?.own ?? 0, (ago) => ownTrack.at(now - ago), {opacity: room ? 1 : IDLE_OPACITY, own: true});
  panel.drawn(performance.now() - now);
}

const ping = () => room?.ping(performance.now());
setInterval(ping, PING_EVERY);
document.addEventListener('visibilitychange', ping);
setInterval(() => {
  if (!room) return;
  panel.show(performance.now(), room.size);
  byId('help').classList.toggle('done', ownPlace !== null && room.size > 1);
}, 1000);

connect();
frame();

// For inspection, in the console or in a test.
globalThis.cursors = {
  get own() { return room?.own ?? null; },
  get roundTrip() { return panel.roundTrip; },
  get ids() { return [...(room?.cursors.keys() ?? [])]; },
  // The position where a cursor is drawn, each coordinate from 0 to 1, or null.
  placeOf(id) { return room?.placeOf(id, performance.now()) ?? null; },
};
