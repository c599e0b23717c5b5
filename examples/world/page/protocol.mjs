// The messages of the world; ../README.md documents each byte. No DOM: page_test.js runs it in Node.js.

import {AVATAR, KINDS, UNITS_PER_METRE} from './rules.mjs';

const WELCOME = 1, SNAPSHOT = 2, FIGURES = 3, PONG = 4, SCORE = 5, NAMES = 6;
const INPUT = 16, ACKNOWLEDGEMENT = 17, PING = 18, NAME = 19;
const X = 1, Y = 2, Z = 4, ROTATION = 8, WHOLE = 16;  // the parts of an update that follow

export const VERSION = 2;

const bytes = (...values) => Uint8Array.from(values);
export const encodeInput = (number, {moveX, moveZ, yaw, act}) => bytes(INPUT, number, moveX, moveZ, yaw, act ? 1 : 0);
export const encodeAcknowledgement = (number) => bytes(ACKNOWLEDGEMENT, number, number >> 8);
export const encodePing = (number) => bytes(PING, number, number >> 8);
export const encodeName = (utf8) => bytes(NAME, ...utf8);

// Reading after the end throws a RangeError; a page can do nothing else about it.
class Reader {
  #view;
  #at = 0;
  constructor(buffer) { this.#view = new DataView(buffer); }
  get atEnd() { return this.#at === this.#view.byteLength; }
  u8() { return this.#view.getUint8(this.#at++); }
  u16() { this.#at += 2; return this.#view.getUint16(this.#at - 2, true); }
  i16() { this.#at += 2; return this.#view.getInt16(this.#at - 2, true); }
  u32() { this.#at += 4; return this.#view.getUint32(this.#at - 4, true); }
  varint() {
    for (let value = 0, scale = 1; ; scale *= 128) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }
  signedVarint() {
    const value = this.varint();
    return value % 2 ? -(value + 1) / 2 : value / 2;
  }
  text() {
    const length = this.u8();
    this.#at += length;
    return new TextDecoder().decode(new Uint8Array(this.#view.buffer, this.#at - length, length));
  }
  place() { return {x: this.i16(), y: this.i16(), z: this.i16()}; }
  rotation(kind) { return kind === AVATAR ? this.u8() : this.u32(); }
}

// The state of an entity after another step of the history; see ../history.h.
class History {
  #told = new Map();  // id -> [{snapshot, state}], the oldest first
  #acknowledged = 0;

  acknowledge(snapshot) { this.#acknowledged = Math.max(this.#acknowledged, snapshot); }
  record(snapshot, id, state) {
    const told = this.#told.get(id) ?? [];
    const keep = told.findLastIndex((one) => one.snapshot <= this.#acknowledged);
    if (keep > 0) told.splice(0, keep);
    told.push({snapshot, state});
    this.#told.set(id, told);
  }
  forget(id) { this.#told.delete(id); }
  newest(id) { return this.#told.get(id)?.at(-1).state; }
  acknowledged(id) { return this.#told.get(id)?.findLast((one) => one.snapshot <= this.#acknowledged)?.state; }
  ids() { return this.#told.keys(); }
  get size() { return this.#told.size; }
}

function readState(reader, acknowledged, id) {
  const flags = reader.u8();
  if (flags === WHOLE) {
    const kind = reader.u8();
    if (!KINDS[kind]) throw new Error(`entity ${id} is of a kind that there is not: ${kind}`);
    return {kind, ...reader.place(), rotation: reader.rotation(kind)};
  }
  if (!acknowledged) throw new Error(`a difference to nothing, of entity ${id}`);
  const state = {...acknowledged};
  if (flags & X) state.x += reader.signedVarint();
  if (flags & Y) state.y += reader.signedVarint();
  if (flags & Z) state.z += reader.signedVarint();
  if (flags & ROTATION) state.rotation = reader.rotation(state.kind);
  return state;
}

function readHead(reader) {
  return {
    number: reader.u16(), behind: reader.u8(), tick: reader.u16(), input: reader.u8(), inputTicks: reader.u8(),
    place: reader.place(), velocity: reader.place(), carried: reader.u16(),
  };
}

// Ids ascend: each is encoded as its distance from the previous one plus one.
function idsOf(reader) {
  let next = 0;
  return () => {
    const id = next + reader.varint();
    next = id + 1;
    return id;
  };
}

// Builds the world from snapshots.
export class Replica {
  #number = 0;
  #history = new History();
  head = null;  // the last snapshot's

  // {head, gone: [id], updates: [[id, state]]}, of a message with a snapshot's type.
  apply(buffer) {
    const reader = new Reader(buffer);
    reader.u8();
    const head = readHead(reader);
    this.#number++;
    if (head.number !== (this.#number & 0xffff)) throw new Error(`snapshot ${head.number} instead of ${this.#number}`);
    if (head.behind) this.#history.acknowledge(this.#number - head.behind);
    const gone = [];
    const goneId = idsOf(reader);
    for (let left = reader.varint(); left > 0; --left) gone.push(goneId());
    const updates = [];
    const updatedId = idsOf(reader);
    while (!reader.atEnd) {
      const id = updatedId();
      updates.push([id, readState(reader, this.#history.acknowledged(id), id)]);
    }
    for (const id of gone) this.#history.forget(id);
    for (const [id, state] of updates) this.#history.record(this.#number, id, state);
    this.head = head;
    return {head, gone, updates};
  }

  find(id) { return this.#history.newest(id); }
  ids() { return this.#history.ids(); }
  get size() { return this.#history.size; }
}

function namesOf(reader) {
  const names = [];
  while (!reader.atEnd) names.push({avatar: reader.u16(), team: reader.u8(), name: reader.text()});
  return names;
}

// Calls the handler of the message's type: welcome({version, avatar, team}), snapshot(buffer), figures({...}),
// pong(number), score({points, goal, scorer}), names([{avatar, team, name}]). `goal` is the team that has just scored,
// or null.
export function dispatch(buffer, {welcome, snapshot, figures, pong, score, names}) {
  const reader = new Reader(buffer);
  const type = reader.u8();
  switch (type) {
    case WELCOME: {
      const [version, avatar] = [reader.u8(), reader.u16()];
      return welcome({version, avatar, team: version === VERSION ? reader.u8() : null});
    }
    case SNAPSHOT: return snapshot(buffer);
    case FIGURES: return figures({
      tickMedian: reader.u16() / 100, tickP99: reader.u16() / 100,  // milliseconds
      bodies: reader.u16(), awake: reader.u16(), players: reader.u16(),
    });
    case PONG: return pong(reader.u16());
    case SCORE: {
      const [points, goal, scorer] = [[reader.u8(), reader.u8()], reader.u8(), reader.u16()];
      return score({points, goal: goal === 0 ? null : goal - 1, scorer});
    }
    case NAMES: return names(namesOf(reader));
    default: throw new Error(`there is no message of type ${type}`);
  }
}

export const metresOf = ({x, y, z}) => [x / UNITS_PER_METRE, y / UNITS_PER_METRE, z / UNITS_PER_METRE];

// The quaternion [x, y, z, w] of a state: for a body the smallest three, see ../state.h.
export function rotationOf({kind, rotation}) {
  if (kind === AVATAR) {
    const half = rotation * Math.PI / 256;
    return [0, Math.sin(half), 0, Math.cos(half)];
  }
  const largest = rotation >>> 30;
  const quaternion = [0, 0, 0, 0];
  let rest = 1;
  for (let i = 0, shift = 20; i < 4; ++i) {
    if (i === largest) continue;
    quaternion[i] = ((rotation >>> shift & 1023) / 1023 * 2 - 1) * Math.SQRT1_2;
    rest -= quaternion[i] ** 2;
    shift -= 10;
  }
  quaternion[largest] = Math.sqrt(Math.max(rest, 0));
  return quaternion;
}
