// The pictures of the cursors and of the world, and the last lines of the chat.

import {Room, SILENCE} from './room.mjs';

const GLIDE = 120;         // milliseconds from the place of one digest to that of the next, which comes after 100
const KEPT = 4;            // lines
const GOLDEN_ANGLE = 137.508;  // degrees; stage.mjs of the cursors has the same colours
const ARROW = new Path2D('M0 0 L0 17.5 L4.6 13.6 L7.7 20.4 L11 18.9 L8 12.3 L14 12.1 Z');

const dark = matchMedia('(prefers-color-scheme: dark)');
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`);

// A canvas that has as many pixels as the screen shows of it, drawn when there is something new.
class Picture {
  constructor(card, still) {
    this.still = still;
    this.canvas = card.querySelector('canvas');
    this.now = card.querySelector('.now');
    this.context = this.canvas.getContext('2d');
    new ResizeObserver(() => this.#resize()).observe(this.canvas);
    dark.addEventListener('change', () => this.draw());
  }

  #resize() {
    const ratio = devicePixelRatio;
    this.canvas.width = Math.round(this.canvas.clientWidth * ratio);
    this.canvas.height = Math.round(this.canvas.clientHeight * ratio);
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.draw();
  }

  get size() { return [this.canvas.clientWidth, this.canvas.clientHeight]; }
}

export class CursorsPicture extends Picture {
  #cursors = new Map();  // by id: {from, to, since}
  #empty;
  #frame = null;

  constructor(card, still) {
    super(card, still);
    this.#empty = card.querySelector('.empty');
  }

  show({count, cursors}, at = performance.now()) {
    const known = this.#cursors;
    this.#cursors = new Map(cursors.map(({id, x, y}) => {
      const old = known.get(id);
      if (old && old.to.x === x && old.to.y === y) return [id, old];
      const from = old && !this.still.matches ? this.#placeOf(old, at) : {x, y};
      return [id, {from, to: {x, y}, since: at}];
    }));
    this.now.textContent = count === 0 ? '\u00a0' : count === 1 ? '1 pointer' : `${count} pointers`;
    this.#empty.hidden = count > 0;
    this.draw();
  }

  #placeOf({from, to, since}, at) {
    const part = Math.min((at - since) / GLIDE, 1);
    return {x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part};
  }

  draw() { this.#frame ??= requestAnimationFrame((at) => this.#draw(at)); }

  #draw(at) {
    this.#frame = null;
    const {context} = this;
    const [width, height] = this.size;
    context.clearRect(0, 0, width, height);
    for (const [id, cursor] of this.#cursors) {
      const {x, y} = this.#placeOf(cursor, at);
      context.save();
      context.translate(x * width, y * height);
      context.lineWidth = 3;
      context.lineJoin = 'round';
      context.strokeStyle = colour('card');
      context.fillStyle = `oklch(${dark.matches ? '0.76 0.14' : '0.62 0.17'} ${id * GOLDEN_ANGLE % 360})`;
      context.stroke(ARROW);
      context.fill(ARROW);
      context.restore();
      if (at - cursor.since < GLIDE) this.draw();
    }
  }
}

const GAME_BALL = 7;  // kind.h of the world

// From above. Players and the ball of their match stand out.
export class WorldPicture extends Picture {
  #world = {bodies: [], players: []};

  show(world) {
    this.#world = world;
    const count = world.players.length;
    this.now.textContent = count === 0 ? '\u00a0' : count === 1 ? '1 player' : `${count} players`;
    this.draw();
  }

  draw() {
    const {context} = this;
    const [width, height] = this.size;
    const side = Math.min(width, height * 2);  // the square of ground, seen at an angle
    const place = ({x, y}) => [width / 2 + (x - 0.5) * side, height / 2 + (y - 0.5) * side / 2];
    context.clearRect(0, 0, width, height);
    context.fillStyle = colour('soft');
    for (const body of this.#world.bodies) {
      if (body.kind === GAME_BALL) continue;
      const [x, y] = place(body);
      context.globalAlpha = 0.45 + body.kind % 3 * 0.2;
      context.fillRect(x - 1.5, y - 1.5, 3, 3);
    }
    context.globalAlpha = 1;
    context.lineWidth = 2;
    context.strokeStyle = colour('card');
    const disc = (body, radius, fill) => {
      context.fillStyle = colour(fill);
      context.beginPath();
      context.arc(...place(body), radius, 0, 2 * Math.PI);
      context.fill();
      context.stroke();
    };
    for (const body of this.#world.bodies) if (body.kind === GAME_BALL) disc(body, 6, 'bad');
    for (const player of this.#world.players) disc(player, 5, 'accent');
  }
}

// The messages that a member of the chat gets: its README documents them.
export class ChatLines {
  #list = document.getElementById('lines');
  #now = document.querySelector('#chat .now');
  #room = new Room();

  // A new connection: the server tells who is there now.
  opened() {
    this.#room.forgetPeople();
    this.#count();
  }

  show(message) {
    if (message.type === 'people') {
      this.#room.tell(message.node, message.people.length, performance.now());
      setTimeout(() => this.#count(), SILENCE + 1);
      this.#count();
    }
    if (message.type !== 'line' || !this.#room.isNew(message.id)) return;
    const item = document.createElement('li');
    item.appendChild(document.createElement('bdi')).textContent = message.name;
    item.append(message.text);  // as text, never HTML
    this.#list.append(item);
    while (this.#list.children.length > KEPT) this.#list.firstChild.remove();
  }

  #count() {
    const count = this.#room.people(performance.now());
    this.#now.textContent = count === 0 ? '\u00a0' : count === 1 ? '1 person' : `${count} people`;
  }
}
