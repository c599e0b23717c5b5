// Connects the parts: a connection, and a picture for each frame of the screen.

import {Controls} from './controls.mjs';
import {ServerClock, Track} from './interpolation.mjs';
import {Panel} from './panel.mjs';
import {Prediction} from './prediction.mjs';
import {Replica, VERSION, dispatch, encodeAcknowledgement, encodeInput, encodePing, metresOf} from './protocol.mjs';
import {AVATAR, NO_ENTITY, TICK} from './rules.mjs';
import {Stage} from './stage.mjs';

const byId = (id) => document.getElementById(id);
const seconds = () => performance.now() / 1000;
const MOST_TICKS = 15;  // at once; after a longer pause, as of a hidden page, the rest is skipped

const stage = new Stage(byId('view'));
const panel = new Panel(byId('panel'));
let controls = null;
let world = null;  // of the current connection

// The state of one connection; another starts over.
class World {
  avatar = NO_ENTITY;
  replica = new Replica();
  clock = new ServerClock();
  prediction = new Prediction();
  tracks = new Map();
  height = 1;    // the height of the avatar's middle, which is not predicted
  ticked = null;  // time of the last tick

  constructor(socket) { this.socket = socket; }

  send(message) {
    this.socket.send(message);
    panel.sent(message.byteLength);
  }

  receive(buffer) {
    dispatch(buffer, {
      welcome: ({version, avatar}) => {
        if (version !== VERSION) throw new Error(`the server speaks version ${version}, the page ${VERSION}: load it again`);
        this.avatar = avatar;
        byId('state').hidden = true;
      },
      snapshot: (bytes) => this.#learn(this.replica.apply(bytes)),
      figures: (figures) => panel.figures(figures),
      pong: (number) => panel.pong(number, performance.now()),
    });
  }

  #learn({head, gone, updates}) {
    this.send(encodeAcknowledgement(head.number));
    const tick = this.clock.heard(head.tick, seconds());
    for (const id of gone) this.tracks.delete(id);
    for (const [id, state] of updates) {
      const track = this.tracks.get(id);
      if (track?.kind === state.kind) track.add(tick, state);
      else this.tracks.set(id, new Track(tick, state));
    }
    // Players arrive around the middle; they should see it.
    const [x, y, z] = metresOf(head.place);
    controls ??= new Controls({view: byId('view'), stick: byId('stick'), button: byId('act'), yaw: Math.atan2(-x, -z)});
    this.height = y;
    this.prediction.correct(head);
    byId('act').textContent = head.carried === NO_ENTITY ? 'Pick up' : 'Throw';
  }

  // As many ticks as time has passed.
  move(now) {
    this.ticked ??= now;
    if (now - this.ticked > MOST_TICKS * TICK) this.ticked = now - TICK;
    for (; now - this.ticked >= TICK; this.ticked += TICK) {
      if (this.prediction.wantsInput) {
        const wanted = controls.sample();
        this.send(encodeInput(this.prediction.begin(wanted), wanted));
      }
      this.prediction.tick();
    }
  }

  draw(now, after) {
    const [x, z] = this.prediction.position(now - this.ticked);
    const own = [x, this.height, z];
    const {carried} = this.replica.head;
    const shown = this.clock.shown(now);
    for (const [id, track] of this.tracks) {
      const {position, rotation} = track.at(shown);
      stage.put(id, track.kind, id === carried ? Stage.held(own, controls.yaw) : position, rotation);
    }
    stage.put(this.avatar, AVATAR, own, [0, Math.sin(controls.yaw / 2), 0, Math.cos(controls.yaw / 2)]);
    stage.draw(own, controls, after);
  }
}

let wait = 500;  // milliseconds before it reconnects

function connect() {
  const socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/`);
  socket.binaryType = 'arraybuffer';
  const own = new World(socket);
  socket.onopen = () => {
    wait = 500;
    world = own;
    stage.clear();
    panel.reset(performance.now());
  };
  socket.onmessage = ({data}) => {
    panel.received(data.byteLength);
    try {
      own.receive(data);
    } catch (error) {
      console.error(error);
      socket.close(4000, String(error.message).slice(0, 100));
    }
  };
  socket.onclose = ({code, reason}) => {
    world = null;
    const shown = byId('state');
    shown.hidden = false;
    shown.textContent = `Not connected${reason ? `: ${reason}` : code === 1006 ? '' : ` (${code})`}. Trying again …`;
    setTimeout(connect, wait * (0.5 + Math.random()));
    wait = Math.min(wait * 2, 8000);
  };
}

let drawn = seconds();
function frame() {
  requestAnimationFrame(frame);
  const now = seconds();
  if (world?.replica.head) {
    controls.turn(now - drawn);
    world.move(now);
    world.draw(now, now - drawn);
  }
  drawn = now;
}

setInterval(() => {
  if (world?.socket.readyState !== WebSocket.OPEN) return;
  panel.show(performance.now(), {inSight: world.replica.size, corrected: world.prediction.corrected});
  world.send(encodePing(panel.ping(performance.now())));
}, 1000);

connect();
frame();

// For inspection, in the console or in a test.
globalThis.world = {
  get avatar() { return world?.avatar ?? null; },
  get carried() { return world?.replica.head?.carried ?? NO_ENTITY; },
  get position() { return world?.replica.head ? world.prediction.position() : null; },
  set quality(quality) { stage.quality = quality; },
  get roundTrip() { return panel.roundTrip; },
  find(id) { const state = world?.replica.find(id); return state && {kind: state.kind, position: metresOf(state)}; },
  ids() { return [...(world?.replica.ids() ?? [])]; },
};
