'use strict';
// The parts of the page that need no browser: the protocol, the throttle and the interpolation, in Node.js.

const assert = require('node:assert/strict');
const {before, test} = require('node:test');

const {modulesOf} = require('../page_modules.js');

const page = modulesOf(__dirname);
const bufferOf = (hex) => Uint8Array.from(Buffer.from(hex.replace(/\s/g, ''), 'hex')).buffer;
const near = (actual, expected, tolerance) =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not within ${tolerance} of ${expected}`);

let protocol, throttle, interpolation, ink, ripples, who, ownName;
before(async () => {
  [protocol, throttle, interpolation, ink, ripples, who, ownName] = await Promise.all(
      ['protocol.mjs', 'throttle.mjs', 'interpolation.mjs', 'ink.mjs', 'ripples.mjs', 'who.mjs', 'own_name.mjs'].map(page));
});

test('the protocol: the messages of the README', () => {
  const got = [];
  const take = Object.fromEntries(['welcome', 'changes', 'pong'].map((name) => [name, (value) => got.push({[name]: value})]));
  // The same bytes as in messages_test.cc.
  for (const hex of ['01 02 0201 416e6e', '03 3412  0700 11 0080 0040 05  0901 ff  0300 fd ffff 0000 00  0700 fe 00 03 416e6e', '02 3412', '04 05']) {
    protocol.dispatch(bufferOf(hex), take);
  }
  assert.deepEqual(got, [
    {welcome: {version: 2, own: 0x0102, name: 'Ann'}},
    {changes: {all: false, time: 0x1234, changes: [
      {id: 7, age: 17, x: 0x8000, y: 0x4000, pen: true, clicks: 2}, {id: 265, gone: true},
      {id: 3, age: 253, x: 0xffff, y: 0, pen: false, clicks: 0}, {id: 7, name: {text: 'Ann', bot: false}}]}},
    {changes: {all: true, time: 0x1234, changes: []}},
    {pong: 5},
  ]);
  const hex = (bytes) => Buffer.from(bytes).toString('hex');
  assert.equal(hex(protocol.encodeMove(265, {x: 0x0102, y: 0xfffe, pen: true, clicks: 127})), '10090201feffff');
  assert.equal(hex(protocol.encodeName(ownName.utf8Of('Jörg'))), '124ac3b67267');
  assert.equal(hex(protocol.encodePing(9, 200)), '1109c8');
});

test('the protocol: what the server must not say', () => {
  assert.throws(() => protocol.dispatch(bufferOf('63'), {}), /no message of type 99/);
  assert.throws(() => protocol.dispatch(bufferOf(''), {}), RangeError);
  const nothing = {changes: assert.fail};
  assert.throws(() => protocol.dispatch(bufferOf('02 34'), nothing), RangeError);
  assert.throws(() => protocol.dispatch(bufferOf('03 3412 0700 11 0080 00'), nothing), RangeError);
  assert.throws(() => protocol.dispatch(bufferOf('03 3412 0700 fe 00 04 416e6e'), nothing), RangeError);
});

// The times at which positions are sent, if one is offered with each frame.
function taken(frameMs, seconds) {
  const own = new throttle.Throttle();
  const times = [];
  for (let frame = 0; frame * frameMs < seconds * 1000; ++frame) {
    own.offer(frame);
    if (own.take(frame * frameMs) !== null) times.push(frame * frameMs);
  }
  return times;
}

test('the throttle: no second has more than 30, however often frames come', () => {
  for (const hertz of [24, 30, 50, 59.94, 60, 75, 90, 120, 144, 240, 1000]) {
    const times = taken(1000 / hertz, 60);
    times.forEach((time, i) => assert.ok(i < 30 || time - times[i - 30] > 1000, `${hertz} Hz: ${times[i - 30]} to ${time}`));
    // And hardly fewer.
    if (hertz >= 50) assert.ok(times.length >= 28 * 60, `${hertz} Hz: ${times.length / 60} a second`);
  }
});

test('the throttle: frames that come together are no way around it', () => {
  const own = new throttle.Throttle();
  const times = [];
  for (let burst = 0; burst < 200; ++burst) {
    for (const at of [0, 1, 20, 21]) {
      own.offer(burst);
      if (own.take(burst * 70 + at) !== null) times.push(burst * 70 + at);
    }
  }
  times.forEach((time, i) => assert.ok(i < 30 || time - times[i - 30] > 1000));
});

test('the throttle: the latest is taken, once, and the last of all is not forgotten', () => {
  const own = new throttle.Throttle();
  assert.equal(own.take(0), null);
  own.offer('first');
  assert.equal(own.take(0), 'first');
  own.offer('second');
  own.offer('third');
  assert.equal(own.take(10), null);
  assert.equal(own.take(40), 'third');
  assert.equal(own.take(1000), null);
});

test('the clock: goes by the messages that came fastest, counts on, and drifts with what it hears', () => {
  const clock = new interpolation.ServerClock();
  assert.equal(clock.heard(65500, 1000), 65500);
  assert.equal(clock.at(1010), 65510);
  assert.equal(clock.heard(14, 1250), 65550);  // 200 ms late
  near(clock.at(1250), 65750, 5);
  assert.equal(clock.heard(64, 1090), 65600);  // the fastest so far
  assert.equal(clock.at(1090), 65600);
  for (let i = 0; i < 300; ++i) clock.heard(65600 + i * 33 & 0xffff, 1190 + i * 33);
  near(clock.at(20000), 65600 + 20000 - 1190, 1);
});

test('the clock: never goes backwards, from frame to frame, for messages that are late', () => {
  const clock = new interpolation.ServerClock();
  let now = 0, shown = clock.at(clock.heard(0, 0));
  for (let message = 1; message < 100; ++message) {
    for (const end = now + 33; now < end; now += 16.5) {
      assert.ok(clock.at(now) >= shown);
      shown = clock.at(now);
    }
    clock.heard(message * 33, now + 3000);  // three seconds in transit
  }
});

test('the clock: a silence of minutes does not confuse it', () => {
  const clock = new interpolation.ServerClock();
  clock.heard(100, 0);
  assert.equal(clock.heard((100 + 10 * 60_000) & 0xffff, 10 * 60_000 + 30), 100 + 10 * 60_000);
});

const trackOf = (...points) => {
  const track = new interpolation.Track();
  for (const [time, x, y = 0] of points) track.add({time, x, y});
  return track;
};

test('interpolation: through what is known, evenly where the way is even', () => {
  const track = trackOf([0, 0], [33, 33, 5], [66, 66], [99, 99, 9]);
  for (const [time, x] of [[-50, 0], [0, 0], [11, 11], [33, 33], [50, 50], [66, 66], [99, 99], [500, 99]]) near(track.at(time).x, x, 1e-9);
  near(track.at(33).y, 5, 1e-9);
  assert.equal(track.moved, 99);
});

test('interpolation: smooth, without a corner where a place was heard of', () => {
  const track = trackOf(...Array.from({length: 20}, (_, i) => [i * 33, 100 * Math.cos(i / 5), 100 * Math.sin(i / 5)]));
  for (let time = 33; time < 18 * 33; time += 3) {
    const {x, y} = track.at(time);
    near(Math.hypot(x, y), 100, 1.5);
    near(x, 100 * Math.cos(time / 33 / 5), 2);
    for (const axis of ['x', 'y']) {
      const step = (at) => (track.at(at + 0.01)[axis] - track.at(at)[axis]) / 0.01;
      near(step(time), step(time + 3), 0.2);
    }
  }
});

test('interpolation: who stops does not swing beyond it', () => {
  const track = trackOf([0, 0], [33, 50], [66, 100], [99, 100], [132, 40]);
  for (let time = 0; time <= 132; ++time) near(track.at(time).x, 50, 50 + 1e-9);
  assert.equal(track.at(80).x, 100);
});

test('interpolation: who rested begins to move when it does', () => {
  const track = trackOf([0, 0], [5000, 10]);
  near(track.at(4960).x, 0, 1e-9);
  near(track.at(4983).x, 5, 2);
});

test('interpolation: what is older than a second is forgotten, and what comes too late counts as the latest', () => {
  const track = trackOf(...Array.from({length: 200}, (_, i) => [i * 33, i]));
  near(track.at(0).x, 199 - 31, 1);
  track.add({time: 199 * 33 - 5, x: 7, y: 7});
  assert.deepEqual({x: 7, y: 7, time: 199 * 33}, track.at(1e6));
});

// [from.x, to.x, strength in percent] of each line.
const linesOf = (own, time, x = 0) => [...own.lines(time, {x, y: 0})].map(({from, to, strength}) => [from.x, to.x, Math.round(100 * strength)]);

test('ink: lines where the pen is down, which fade', () => {
  const own = new ink.Ink();
  [[0, false], [10, true], [20, true], [30, false], [40, false], [50, true]].forEach(([x, pen]) => own.add({time: x, x, y: 0}, pen));
  assert.deepEqual(linesOf(own, 50, 50), [[10, 20, 100], [20, 30, 100], [50, 50, 100]]);
  const half = ink.FADES_OVER / 2;
  assert.deepEqual(linesOf(own, 50 + half, 70).slice(0, 2), [[10, 20, 50], [20, 30, 50]]);
  own.add({time: 2 * half + 1000, x: 60, y: 0}, false);
  assert.deepEqual(linesOf(own, 2 * half + 1000), []);
});

test('ink: of what comes later nothing is drawn but the line up to the cursor', () => {
  const own = new ink.Ink();
  [10, 20, 30].forEach((x) => own.add({time: x, x, y: 0}, true));
  assert.deepEqual(linesOf(own, 15, 15), [[10, 15, 100]]);
  assert.deepEqual(linesOf(own, 25, 25), [[10, 20, 100], [20, 25, 100]]);
});

test('ink: who draws without end has a bounded number of lines', () => {
  const own = new ink.Ink();
  for (let i = 0; i < 10_000; ++i) own.add({time: i, x: i, y: 0}, true);
  assert.ok(linesOf(own, 10_000).length <= 600);
});

test('ripples: one for a counter that has changed, and none for the past', () => {
  const own = new ripples.Ripples();
  own.heard({time: 0, x: 1, y: 1}, 17);
  assert.deepEqual(own.at(0), []);
  own.heard({time: 100, x: 2, y: 3}, 18);
  own.heard({time: 110, x: 9, y: 9}, 18);
  assert.deepEqual(own.at(50), []);
  assert.deepEqual(own.at(100 + ripples.RIPPLE_LASTS / 2), [{x: 2, y: 3, share: 0.5}]);
  own.heard({time: 1200, x: 4, y: 4}, 0);  // it wraps
  assert.equal(own.at(1200).length, 1);
  assert.deepEqual(own.at(1200 + ripples.RIPPLE_LASTS), []);
});

test('who is here, in words', () => {
  assert.equal(who.whoIsHere([], 0), 'You are alone');
  assert.equal(who.whoIsHere([], 3), 'With you: 3 bots');
  assert.equal(who.whoIsHere(['Ann'], 0), 'With you: \u2068Ann\u2069');
  assert.equal(who.whoIsHere(['Ann', 'Bob'], 1), 'With you: \u2068Ann\u2069, \u2068Bob\u2069 and a bot');
  assert.equal(who.whoIsHere(['Ann', 'Bob', 'Eve'], 0), 'With you: \u2068Ann\u2069, \u2068Bob\u2069 and \u2068Eve\u2069');
  assert.equal(who.whoIsHere(['Ann', 'Bob', 'Eve', 'Joe', 'Zoe'], 0), 'With you: \u2068Ann\u2069, \u2068Bob\u2069 and 3 others');
});

// The name's field without a browser, in a tab that has kept `kept`: {name, input, type, told, stored}.
function field(kept) {
  const input = Object.assign(new EventTarget(), {value: '', placeholder: ''});
  const result = {input, told: [], stored: kept};
  globalThis.document = {activeElement: null};
  Object.defineProperty(globalThis, 'sessionStorage', {
    configurable: true,
    value: {getItem: () => result.stored, setItem: (key, value) => result.stored = value},
  });
  result.name = new ownName.OwnName({input, form: new EventTarget(), key: 'name', tell: (utf8) => result.told.push(new TextDecoder().decode(utf8))});
  result.type = (text) => {
    input.value = text;
    input.dispatchEvent(new Event('change'));
  };
  return result;
}

test('the own name: the chosen one is told to each connection, whatever the server says before', () => {
  const {name, input, type, told} = field(null);
  name.tell();
  assert.deepEqual(told, []);
  name.show('Brave Otter');
  assert.deepEqual([input.value, input.placeholder], ['', 'Brave Otter']);
  type('  Ann \u202e of\u3000the north ');
  name.show('Ann of the north');
  assert.equal(input.value, 'Ann of the north');
  for (let connection = 0; connection < 3; ++connection) {
    name.tell();
    name.show('Calm Newt');  // before it has read the name
    assert.deepEqual([input.value, input.placeholder], ['Ann of the north', 'Calm Newt']);
  }
  assert.deepEqual(told, Array(4).fill('Ann \u202e of\u3000the north'));
  name.show('Ann of the north');
  assert.deepEqual([input.value, input.placeholder], ['Ann of the north', 'Ann of the north']);
});

test('the own name: it is cut between two characters', () => {
  assert.equal(ownName.utf8Of('😀'.repeat(30)).length, 60);
  assert.equal(ownName.utf8Of(`${'x'.repeat(59)}ö`).length, 59);
});

test('the own name: it is kept, and what the user is typing is not replaced', () => {
  const {input, name, told, type} = field('Ann');
  assert.equal(input.value, 'Ann');
  name.tell();
  assert.deepEqual(told, ['Ann']);
  document.activeElement = input;
  input.value = 'Anna-Li';
  name.show('Ann');
  assert.equal(input.value, 'Anna-Li');
  type('');
  document.activeElement = null;
  name.show('Ann');
  assert.deepEqual([input.value, input.placeholder], ['', 'Ann'], 'the server keeps the last one');
});
