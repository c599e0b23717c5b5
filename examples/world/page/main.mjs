// Connects the parts: a connection, and a picture for each frame of the screen.

import {Backoff} from './backoff.mjs';
import {Controls} from './controls.mjs';
import {Hud} from './hud.mjs';
import {ServerClock, Track} from './interpolation.mjs';
import {Labels} from './labels.mjs';
import {canKick, wayTo} from './match.mjs';
import {OwnName} from './own_name.mjs';
import {Panel} from './panel.mjs';
import {Prediction} from './prediction.mjs';
import {Replica, VERSION, dispatch, encodeAcknowledgement, encodeInput, encodeName, encodePing, metresOf} from './protocol.mjs';
import {AVATAR, AVATAR_HEIGHT, GAME_BALL, NO_ENTITY, TEAMS, TICK} from './rules.mjs';
import {Stage} from './stage.mjs';

const byId = (id) => document.getElementById(id);
const seconds = () => performance.now() / 1000;
const MOST_TICKS = 15;  // at once; after a longer pause, as of a hidden page, the rest is skipped

const stage = new Stage(byId('view'));
const panel = new Panel(byId('panel'));
const labels = new Labels(byId('names'));
const hud = new Hud(byId);
const ownName = new OwnName({input: byId('name'), form: byId('me'), key: 'weft world name', tell: (utf8) => world?.send(encodeName(utf8))});
let controls = null;
let world = null;  // of the current connection

// The state of one connection; another starts over.
class World {
  avatar = NO_ENTITY;
  replica = new Replica();
  clock = new ServerClock();
  prediction = new Prediction();
  tracks = new Map();
  players = new Map();  // by avatar: {team, name}
  ball = null;          // the id of the game's ball
  score = null;
  height = 1;    // the height of the avatar's middle, which is not predicted
  ticked = null;  // time of the last tick

  constructor(socket) { this.socket = socket; }

  send(message) {
    this.socket.send(message);
    panel.sent(message.byteLength);
  }

  receive(buffer) {
    dispatch(buffer, {
      welcome: ({version, avatar, team}) => {
        if (version !== VERSION) throw new Error(`the server speaks version ${version}, the page ${VERSION}: load it again`);
        backoff.prove();
        this.avatar = avatar;
        byId('state').hidden = true;
        hud.begin(team, this.players);
        ownName.tell();
      },
      snapshot: (bytes) => this.#learn(this.replica.apply(bytes)),
      figures: (figures) => panel.figures(figures),
      pong: (number) => panel.pong(number, performance.now()),
      score: (score) => hud.score(this.score = score),
      names: (names) => {
        for (const {avatar, team, name} of names) {
          this.players.set(avatar, {team, name});
          if (avatar === this.avatar) ownName.show(name);
        }
      },
    });
  }

  #learn({head, gone, updates}) {
    this.send(encodeAcknowledgement(head.number));
    const tick = this.clock.heard(head.tick, seconds());
    for (const id of gone) this.tracks.delete(id);
    for (const [id, state] of updates) {
      const track = this.tracks.get(id);
      if (state.kind === GAME_BALL) this.ball = id;
      if (track?.kind === state.kind) track.add(tick, state);
      else this.tracks.set(id, new Track(tick, state));
    }
    // Players should see the middle when they arrive.
    const [x, y, z] = metresOf(head.place);
    controls ??= new Controls({view: byId('view'), stick: byId('stick'), look: byId('look'), button: byId('act'), yaw: Math.atan2(-x, -z)});
    this.height = y;
    this.prediction.correct(head);
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
    const seen = new Map();  // avatar -> its position
    let ball = null;
    for (const [id, track] of this.tracks) {
      const {position, rotation} = track.at(shown);
      stage.put(id, track.kind, id === carried ? Stage.held(own, controls.yaw) : position, rotation, this.#teamOf(id));
      if (track.kind === AVATAR) seen.set(id, position);
      if (id === this.ball) ball = [position[0], position[2]];
    }
    stage.put(this.avatar, AVATAR, own, [0, Math.sin(controls.yaw / 2), 0, Math.cos(controls.yaw / 2)], this.#teamOf(this.avatar));
    stage.draw(own, controls, after);
    this.#label(seen);
    if (ball) hud.ball(wayTo(ball, [x, z], controls.yaw));
    const kicks = ball && canKick(ball, [x, z], controls.yaw);
    const act = carried !== NO_ENTITY ? 'Throw' : kicks ? 'Kick' : 'Pick up';
    if (byId('act').textContent !== act) byId('act').textContent = act;
  }

  #teamOf(id) { return this.players.get(id)?.team; }

  #label(seen) {
    for (const [id, [x, y, z]] of seen) {
      const player = this.players.get(id);
      const point = player && stage.pointOf([x, y + AVATAR_HEIGHT / 2 + 0.3, z]);
      if (point) labels.put(id, {name: player.name, team: TEAMS[player.team].className}, point);
    }
    labels.end();
  }
}

const backoff = new Backoff();

function connect() {
  // Where the page is, by http or https: a URL of ws or wss.
  const socket = new WebSocket(new URL('.', location.href).href.replace(/^http/, 'ws'));
  socket.binaryType = 'arraybuffer';
  const own = new World(socket);
  socket.onopen = () => {
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
    const wait = backoff.after(code);
    const next = wait === null ? 'Load the page again.' : 'Trying again …';
    shown.textContent = `Not connected${reason ? `: ${reason}` : code === 1006 ? '' : ` (${code})`}. ${next}`;
    if (wait !== null) setTimeout(connect, wait);
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

// On a phone the picture needs the room; the instructions are read before the first touch.
if (matchMedia('(max-width: 40rem)').matches) {
  byId('panel').open = false;
  byId('view').addEventListener('pointerup', () => byId('help').open = false, {once: true});
}

connect();
frame();

// For inspection, in the console or in a test.
globalThis.world = {
  get avatar() { return world?.avatar ?? null; },
  get carried() { return world?.replica.head?.carried ?? NO_ENTITY; },
  get position() { return world?.replica.head ? world.prediction.position() : null; },
  set quality(quality) { stage.quality = quality; },
  get roundTrip() { return panel.roundTrip; },
  get score() { return world?.score ?? null; },
  get ball() { return world?.ball ?? null; },
  nameOf(id) { return world?.players.get(id)?.name; },
  // Turns to a direction: 0 looks along +z.
  look(yaw) { controls.yaw = yaw; },
  find(id) { const state = world?.replica.find(id); return state && {kind: state.kind, position: metresOf(state)}; },
  ids() { return [...(world?.replica.ids() ?? [])]; },
};
