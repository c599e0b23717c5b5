'use strict';
// The parts of the page that need no browser: the protocol, prediction and interpolation, in Node.js.

const assert = require('node:assert/strict');
const {before, test} = require('node:test');

const {modulesOf} = require('../page_modules.js');

const page = modulesOf(__dirname);
const bufferOf = (hex) => Uint8Array.from(Buffer.from(hex.replace(/\s/g, ''), 'hex')).buffer;
const near = (a, b, by) => a.forEach((value, i) => assert.ok(Math.abs(value - b[i]) <= by, `${a} is not near ${b}`));

let protocol, prediction, interpolation, rules, match, controls;
before(async () => {
  [protocol, prediction, interpolation, rules, match, controls] =
    await Promise.all(['protocol.mjs', 'prediction.mjs', 'interpolation.mjs', 'rules.mjs', 'match.mjs', 'controls.mjs'].map(page));
});

// The head of a snapshot: number, behind, the avatar's position and the input that moves it.
function head({number, behind = 0, tick = 0, input = 0, inputTicks = 3, place = [0, 0, 0], velocity = [0, 0, 0]}) {
  const bytes = Buffer.alloc(22);
  bytes.writeUInt8(2, 0);
  bytes.writeUInt16LE(number, 1);
  bytes.writeUInt8(behind, 3);
  bytes.writeUInt16LE(tick, 4);
  bytes.writeUInt8(input, 6);
  bytes.writeUInt8(inputTicks, 7);
  [...place, ...velocity].forEach((value, i) => bytes.writeInt16LE(value, 8 + 2 * i));
  bytes.writeUInt16LE(0xffff, 20);
  return bytes.toString('hex');
}

test('the protocol: the snapshot of the README', () => {
  // The same bytes as in messages_test.cc, but as the fourth snapshot and the difference to the first.
  const replica = new protocol.Replica();
  replica.apply(bufferOf(`${head({number: 1})} 00
      02 10 05 640033 00c800 000208e0  02 10 05 000000 000000 000208e0  e207 10 00 000073 000000 0a`));
  replica.apply(bufferOf(`${head({number: 2, behind: 1})} 00 02 01 0a`));
  replica.apply(bufferOf(`${head({number: 3, behind: 2})} 00`));
  assert.equal(replica.find(2).x, 105);
  const {head: own, gone, updates} = replica.apply(bufferOf(
      '02 0400 03 5a00 07 02 000173 0080ff 000300 0000fd ffff  01 05  02 05 02 7f  06 10 05 400333 00c0f9 000208e0  de07 08 7f'));
  assert.deepEqual(own, {
    number: 4, behind: 3, tick: 90, input: 7, inputTicks: 2,
    place: {x: 256, y: 115, z: -128}, velocity: {x: 768, y: 0, z: -768}, carried: 0xffff,
  });
  assert.deepEqual(gone, [5]);
  assert.deepEqual(updates, [
    [2, {kind: 5, x: 101, y: 51, z: 136, rotation: 0xe0080200}],
    [9, {kind: 5, x: 832, y: 51, z: -1600, rotation: 0xe0080200}],
    [1000, {kind: 0, x: 0, y: 115, z: 0, rotation: 127}],
  ]);
  assert.deepEqual([...replica.ids()], [2, 1000, 9]);
});

test('the protocol: what the server must not say', () => {
  assert.throws(() => new protocol.Replica().apply(bufferOf(`${head({number: 2})} 00`)), /snapshot 2 instead of 1/);
  assert.throws(() => new protocol.Replica().apply(bufferOf(`${head({number: 1})} 00 02 01 02`)), /to nothing, of entity 2/);
  assert.throws(() => new protocol.Replica().apply(bufferOf(`${head({number: 1})} 00 02`)), RangeError);
  assert.throws(() => new protocol.Replica().apply(bufferOf(`${head({number: 1})} 00 02 10 09`)), /a kind that there is not: 9/);
  assert.throws(() => protocol.dispatch(bufferOf('63'), {}), /no message of type 99/);
});

test('the protocol: the other messages', () => {
  const got = {};
  const take = Object.fromEntries(['welcome', 'figures', 'pong', 'score', 'names'].map((name) => [name, (value) => got[name] = value]));
  // The same bytes as in messages_test.cc.
  for (const hex of ['01 02 eb03 01', '03 0002 8403 e803 4d00 6400', '04 3412', '05 02 01 01 eb03', '06 e803 00 03 416e6e eb03 01 05 4ac3b67267']) {
    protocol.dispatch(bufferOf(hex), take);
  }
  assert.deepEqual(got, {
    welcome: {version: 2, avatar: 1003, team: 1},
    figures: {tickMedian: 5.12, tickP99: 9, bodies: 1000, awake: 77, players: 100},
    pong: 0x1234,
    score: {points: [2, 1], goal: 0, scorer: 1003},
    names: [{avatar: 1000, team: 0, name: 'Ann'}, {avatar: 1003, team: 1, name: 'Jörg'}],
  });
  protocol.dispatch(bufferOf('01 01 eb03'), take);
  assert.equal(got.welcome.version, 1);  // so that the page can say so
  assert.throws(() => protocol.dispatch(bufferOf('06 e803 00 04 416e6e'), take), RangeError);
  const hex = (bytes) => Buffer.from(bytes).toString('hex');
  assert.equal(hex(protocol.encodeInput(9, {moveX: -127, moveZ: 64, yaw: 3, act: true})), '100981400301');
  assert.equal(hex(protocol.encodeAcknowledgement(258)), '110201');
  assert.equal(hex(protocol.encodePing(7)), '120700');
  assert.equal(hex(protocol.encodeName([0x4a, 0xc3, 0xb6, 0x72, 0x67])), '134ac3b67267');
});

test('the protocol: rotations', () => {
  near(protocol.rotationOf({kind: 5, rotation: 0xe0080200}), [0, 0, 0, 1], 0.001);
  near(protocol.rotationOf({kind: 0, rotation: 64}), [0, Math.SQRT1_2, 0, Math.SQRT1_2], 1e-9);
});

const forward = {moveX: 0, moveZ: 127, yaw: 0, act: false};
const asPlace = ([x, z]) => ({x: Math.round(x * 128), y: 115, z: Math.round(z * 128)});

test('prediction: it moves at once, and a server that agrees changes nothing', () => {
  const own = new prediction.Prediction();
  const server = new prediction.Prediction();  // six ticks behind
  let number = 0;
  for (let tick = 0; tick < 60; ++tick) {
    if (own.wantsInput) number = own.begin(forward);
    own.tick();
    if (tick < 6) continue;
    if (server.wantsInput) server.begin(forward);
    server.tick();
  }
  assert.ok(own.position()[1] > 5);
  assert.ok(server.position()[1] < own.position()[1]);
  const before = own.position();
  own.correct({place: asPlace(server.position()), velocity: {x: 0, y: 0, z: 6 * 128}, input: number - 2, inputTicks: 3});
  assert.ok(own.corrected < 0.01, `${own.corrected}`);
  near(own.position(), before, 1e-9);
});

test('prediction: what stood in the way is corrected, and not in one jump', () => {
  const own = new prediction.Prediction();
  for (let tick = 0; tick < 30; ++tick) {
    if (own.wantsInput) own.begin(forward);
    own.tick();
  }
  const before = own.position();
  own.correct({place: asPlace([0, 1]), velocity: {x: 0, y: 0, z: 0}, input: 10, inputTicks: 3});
  near(own.position(), before, 1e-9);
  assert.ok(own.corrected > 0.5);
  for (let tick = 0; tick < 60; ++tick) {
    if (own.wantsInput) own.begin({...forward, moveZ: 0});
    own.tick();
  }
  near(own.position(), [0, 1], 0.01);
});

test('prediction: from far away it jumps', () => {
  const own = new prediction.Prediction();
  own.begin(forward);
  own.correct({place: asPlace([20, 20]), velocity: {x: 0, y: 0, z: 0}, input: 1, inputTicks: 0});
  near(own.position(), [20, 20], 0.01);
});

test('prediction: no faster diagonally, and no further than the wall', () => {
  let velocity = [0, 0];
  for (let tick = 0; tick < 60; ++tick) velocity = rules.drivenVelocity(velocity, {moveX: 127, moveZ: 127});
  assert.ok(Math.abs(Math.hypot(...velocity) - rules.AVATAR_SPEED) < 1e-9);
  const own = new prediction.Prediction();
  own.correct({place: asPlace([0, 62]), velocity: {x: 0, y: 0, z: 0}, input: 0, inputTicks: 3});
  for (let tick = 0; tick < 60; ++tick) {
    if (own.wantsInput) own.begin(forward);
    own.tick();
  }
  near(own.position(), [0, rules.HALF_SIZE - rules.AVATAR_RADIUS], 1e-9);
});

const ball = (x) => ({kind: 5, x: x * 128, y: 0, z: 0, rotation: 0xe0080200});

test('interpolation: between what was said', () => {
  const track = new interpolation.Track(100, ball(0));
  track.add(103, ball(3));
  track.add(109, ball(6));
  for (const [tick, x] of [[90, 0], [100, 0], [101, 1], [103, 3], [106, 4.5], [109, 6], [200, 6]]) {
    near(track.at(tick).position, [x, 0, 0], 1e-9);
  }
});

test('interpolation: what was at rest begins to move when it does', () => {
  const track = new interpolation.Track(100, ball(0));
  track.add(400, ball(1));
  near(track.at(390).position, [0, 0, 0], 1e-9);
  near(track.at(398.5).position, [0.5, 0, 0], 1e-9);
});

test('interpolation: the clock goes by the fastest snapshots, and counts on', () => {
  const clock = new interpolation.ServerClock();
  assert.equal(clock.heard(65533, 10), 65533);
  const at = clock.shown(10);
  assert.equal(clock.heard(0, 10.05 + 0.2), 65536);  // late by 200 ms
  assert.ok(Math.abs(clock.shown(10.05) - at - 3) < 0.5);
  assert.equal(clock.heard(3, 10.1), 65539);
  assert.ok(Math.abs(clock.shown(10.1) - at - 6) < 0.01);
});

test('the match: a goal in words', () => {
  const players = new Map([[7, {name: 'Ann', team: 0}], [8, {name: 'Bob', team: 1}]]);
  const news = (points, goal, scorer) => match.newsOf({points, goal, scorer}, players);
  assert.equal(news([1, 0], null, 0xffff), '');
  assert.equal(news([1, 0], 0, 7), 'Goal for Sun by \u2068Ann\u2069: 1 : 0');
  assert.equal(news([1, 1], 1, 7), 'Goal for Moon, an own goal by \u2068Ann\u2069: 1 : 1');
  assert.equal(news([1, 2], 1, 0xffff), 'Goal for Moon: 1 : 2');
  players.set(7, {name: 'ענבל', team: 0});  // without marks of its own, the goals would be read from the right, too
  assert.equal(news([3, 2], 0, 7), 'Goal for Sun by \u2068ענבל\u2069: 3 : 2');
  assert.equal(news([5, 2], 0, 8), 'Sun wins the match 5 : 2. A new one starts');
});

test('the match: the way to the ball, seen from the player', () => {
  // Yaw 0 looks along +z, and +x is to its left.
  for (const [ball, yaw, turn] of [[[0, 5], 0, 0], [[5, 0], 0, -90], [[-5, 0], 0, 90], [[5, 0], Math.PI / 2, 0], [[0, 5], 2 * Math.PI, 0]]) {
    const way = match.wayTo(ball, [0, 0], yaw);
    assert.ok(Math.abs(way.turn - turn) < 1e-9, `${way.turn} instead of ${turn}`);
    assert.equal(way.metres, 5);
  }
  assert.ok(match.canKick([0, 2], [0, 0], 0));
  assert.ok(!match.canKick([0, 2], [0, 0], Math.PI));
});

test('the controls: a key that is released in a field, or with another key, does not stick', () => {
  const handlers = {};
  globalThis.addEventListener = (type, handler) => handlers[type] = handler;
  const element = new EventTarget();
  const own = new controls.Controls({view: element, stick: element, look: element, button: element, yaw: 0});
  const send = (type, code, target = 'canvas', more = {}) => handlers[type](
      {code, target: {matches: (selectors) => selectors.split(', ').includes(target)}, preventDefault() {}, ...more});
  for (const [target, more] of [['canvas'], ['input'], ['canvas', {ctrlKey: true}]]) {
    send('keydown', 'KeyW');
    assert.equal(own.sample().moveZ, 127);
    send('keyup', 'KeyW', target, more);
    assert.equal(own.sample().moveZ, 0, target);
  }
  send('keydown', 'KeyW', 'input');
  assert.equal(own.sample().moveZ, 0, 'a letter of a name');
  send('keydown', 'Space', 'button');
  assert.equal(own.sample().act, false);
  send('keydown', 'Space');
  assert.equal(own.sample().act, true);
});
