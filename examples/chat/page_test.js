'use strict';
// The parts of the page that need no browser: reconnecting, and resending lines, in Node.js.

const assert = require('node:assert/strict');
const path = require('node:path');
const {before, test} = require('node:test');

const page = (name) => import(path.join(__dirname, 'page', name));

let Connection, Chat, bytesOf, textOf;
before(async () => {
  ({Connection} = await page('connection.mjs'));
  ({Chat, bytesOf, textOf} = await page('chat.mjs'));
});

// A clock that the test controls, in milliseconds; and sockets whose other end it plays.
class World {
  time = 0;
  luck = 1;
  sockets = [];
  #timers = new Map();
  #last = 0;

  now = () => this.time;
  random = () => this.luck;
  after = (milliseconds, task) => {
    this.#timers.set(++this.#last, {at: this.time + milliseconds, task});
    return this.#last;
  };
  cancel = (timer) => this.#timers.delete(timer);
  open = (url, protocol) => {
    const socket = {url, protocol, readyState: 0, sent: [], closed: false};
    socket.send = (text) => socket.sent.push(text);
    socket.close = () => { socket.closed = true; };
    this.sockets.push(socket);
    return socket;
  };

  get socket() { return this.sockets.at(-1); }
  accept() {
    this.socket.readyState = 1;
    this.socket.onopen({});
  }
  end(code, reason = '', socket = this.socket) {
    socket.readyState = 3;
    socket.onclose({code, reason});
  }

  pass(milliseconds) {
    const end = this.time + milliseconds;
    for (;;) {
      const due = [...this.#timers].filter(([, {at}]) => at <= end).sort(([, a], [, b]) => a.at - b.at)[0];
      if (due === undefined) break;
      this.#timers.delete(due[0]);
      this.time = due[1].at;
      due[1].task();
    }
    this.time = end;
  }
}

function connect() {
  const world = new World();
  const states = [], messages = [];
  const on = {state: (state) => states.push(state), message: (text) => messages.push(text)};
  const connection = new Connection({url: 'ws://x/', protocol: 'p', probe: '?', on, world});
  connection.start();
  return {world, connection, states, messages};
}

test('connection: it opens, sends and hears', () => {
  const {world, connection, states, messages} = connect();
  assert.deepEqual([world.socket.url, world.socket.protocol], ['ws://x/', 'p']);
  assert.equal(connection.send('too early'), false);
  world.accept();
  assert.equal(connection.send('hello'), true);
  world.socket.onmessage({data: 'hi'});
  assert.deepEqual(world.socket.sent, ['hello']);
  assert.deepEqual(messages, ['hi']);
  assert.deepEqual(states, [{is: 'connecting'}, {is: 'open'}]);
});

test('connection: it waits twice as long each time, up to a limit, until the server has proved good', () => {
  const {world, connection, states} = connect();
  const waits = [];
  const fail = () => {
    world.end(1006);
    waits.push(states.at(-1).until - world.time);
    const {length} = world.sockets;
    world.pass(waits.at(-1) - 1);
    assert.equal(world.sockets.length, length);
    world.pass(1);
    assert.equal(world.sockets.length, length + 1);
  };
  for (let i = 0; i < 7; ++i) fail();
  world.accept();  // which proves nothing by itself
  fail();
  world.accept();
  connection.prove();
  fail();
  assert.deepEqual(waits, [500, 1000, 2000, 4000, 8000, 15000, 15000, 15000, 500]);
});

test('connection: waits are random, and at least half of the longest', () => {
  const {world, states} = connect();
  world.luck = 0;
  world.end(1006);
  assert.equal(states.at(-1).until, 250);
});

test('connection: who was sent away with everybody takes more time to come back', () => {
  for (const code of [1012, 1013]) {
    const {world, states} = connect();
    world.end(code, 'restart');
    assert.deepEqual(states.at(-1), {is: 'waiting', until: 4000, reason: 'restart'});
  }
});

test('connection: it does not come back with what the server refuses, unless the user says so', () => {
  const {world, connection, states} = connect();
  world.accept();
  world.end(1008, 'no');
  assert.deepEqual(states.at(-1), {is: 'ended', reason: 'no'});
  world.pass(3_600_000);
  assert.equal(world.sockets.length, 1);
  connection.tryNow();
  assert.equal(world.sockets.length, 2);
});

test('connection: a wait can be cut short, and what was waited for does not happen twice', () => {
  const {world, connection} = connect();
  world.end(1006);
  connection.tryNow();
  connection.tryNow();
  assert.equal(world.sockets.length, 2);
  world.accept();
  world.pass(14_999);
  assert.equal(world.sockets.length, 2);
});

test('connection: a silent server is asked, and given up when it does not answer', () => {
  const {world, states} = connect();
  world.accept();
  world.pass(10_000);
  world.socket.onmessage({data: 'a line'});
  world.pass(14_999);
  assert.deepEqual(world.socket.sent, []);
  world.pass(1);
  assert.deepEqual(world.socket.sent, ['?']);
  world.socket.onmessage({data: 'yes'});
  world.pass(15_000);
  assert.deepEqual(world.socket.sent, ['?', '?']);
  world.pass(9_999);
  assert.equal(states.at(-1).is, 'open');
  world.pass(1);
  assert.deepEqual(states.at(-1), {is: 'waiting', until: world.time + 500, reason: 'the server does not answer'});
  assert.ok(world.socket.closed);
});

test('connection: one that never opens is given up', () => {
  const {world} = connect();
  world.pass(15_000);
  assert.ok(world.socket.closed);
  world.pass(500);
  assert.equal(world.sockets.length, 2);
});

test('connection: what a given up socket says is not heard', () => {
  const {world, states, messages} = connect();
  world.accept();
  world.pass(25_500);
  const [old] = world.sockets;
  world.accept();
  old.onmessage({data: 'late'});
  world.end(1006, '', old);
  assert.deepEqual(messages, []);
  assert.equal(states.at(-1).is, 'open');
});

test('connection: back in a network, it asks at once', () => {
  const {world, connection, states} = connect();
  world.accept();
  connection.tryNow();
  connection.tryNow();
  assert.deepEqual(world.socket.sent, ['?']);
  world.pass(10_000);
  assert.equal(states.at(-1).is, 'waiting');
});

// A page in the room, whose view and link record their calls.
function enter({welcome = {}} = {}) {
  const world = new World();
  const seen = [], sent = [];
  const view = new Proxy({}, {get: (_, what) => (...values) => seen.push([what, ...values])});
  const link = {isOpen: true, send: (text) => link.isOpen && sent.push(JSON.parse(text)) > 0, prove: () => {}};
  const remembered = [];
  const remember = (name) => remembered.push(name);
  const chat = new Chat({key: 'secret', sender: 'me', link, view, remember, world});
  const hear = (message) => chat.receive(JSON.stringify(message));
  const take = (list) => list.splice(0);
  chat.opened();
  chat.call('Ann');
  assert.deepEqual(take(sent), [{type: 'hello', key: 'secret', sender: 'me', name: 'Ann', room: '', seen: 0}]);
  const greet = (more) => hear({type: 'welcome', room: 'r1', name: 'Ann', people: ['Ann'], heard: 0, missed: 0, lines: [], ...more});
  greet(welcome);
  const shown = (...what) => take(seen).filter(([name]) => what.includes(name));
  return {world, chat, link, hear, greet, shown, sent: () => take(sent), remembered: () => take(remembered)};
}

const line = (number, {type = 'line', time = 0, name = 'Bob', text = `line ${number}`, ...more} = {}) => ({type, number, time, name, text, ...more});
const own = (number, n, text) => line(number, {name: 'Ann', text, id: `me.${n}`, own: true});

test('chat: a newcomer gets the history, and what follows once', () => {
  const {hear, shown} = enter({welcome: {lines: [line(7), line(8)], people: ['Bob', 'Ann']}});
  assert.deepEqual(shown('people', 'line'), [['line', line(7)], ['line', line(8)], ['people', ['Bob', 'Ann'], 'Ann']]);
  hear(line(8));
  hear(line(9));
  assert.deepEqual(shown('line'), [['line', line(9)]]);
});

test('chat: what one says waits until it comes back', () => {
  const {chat, hear, shown, sent} = enter();
  chat.say('hello');
  assert.deepEqual(sent(), [{type: 'say', n: 1, text: 'hello'}]);
  assert.ok(chat.hasUnsaid);
  hear(line(1));
  hear(own(2, 1, 'hello'));
  assert.ok(!chat.hasUnsaid);
  assert.deepEqual(shown('waiting', 'settled', 'line'), [
    ['waiting', 1, 'hello'], ['line', line(1)], ['settled', 1], ['line', own(2, 1, 'hello')],
  ]);
});

test('chat: after a cut it gets what followed, and says again what was not heard', () => {
  const {chat, greet, shown, sent} = enter({welcome: {lines: [line(7)]}});
  chat.say('one');
  chat.say('two');
  chat.lost();
  chat.say('three');
  sent();
  chat.opened();
  assert.deepEqual(sent(), [{type: 'hello', key: 'secret', sender: 'me', name: 'Ann', room: 'r1', seen: 7}]);
  shown();
  greet({heard: 1, lines: [line(8), own(9, 1, 'one')]});
  assert.deepEqual(shown('settled', 'line'), [['line', line(8)], ['settled', 1], ['line', own(9, 1, 'one')]]);
  assert.deepEqual(sent(), [{type: 'say', n: 2, text: 'two'}, {type: 'say', n: 3, text: 'three'}]);
});

test('chat: a line that was said, and is no longer kept, is not said again', () => {
  const {chat, greet, shown, sent} = enter();
  chat.say('one');
  chat.lost();
  chat.opened();
  sent();
  greet({heard: 1, missed: 30, lines: [line(31)]});
  assert.deepEqual(sent(), []);
  assert.ok(!chat.hasUnsaid);
  assert.deepEqual(shown('notice', 'line', 'settled').slice(-3), [
    ['notice', '30 earlier lines are no longer kept.'], ['line', line(31)], ['settled', 1],
  ]);
});

test('chat: a server that was started anew counts from one, and nothing is shown twice', () => {
  const {chat, hear, greet, shown, sent} = enter({welcome: {lines: [line(7, {id: 'bob.3'})], people: ['Bob', 'Ann']}});
  chat.say('one');
  chat.lost();
  chat.opened();
  sent();
  shown();
  greet({room: 'r2', lines: [line(1, {id: 'bob.3'}), line(2, {id: 'bob.4'})]});
  assert.deepEqual(shown('notice', 'line'), [['notice', 'The server was restarted.'], ['line', line(2, {id: 'bob.4'})]]);
  assert.deepEqual(sent(), [{type: 'say', n: 1, text: 'one'}]);
  hear({type: 'joined', name: 'Bob'});  // he was there earlier
  hear({type: 'joined', name: 'Cy'});
  assert.deepEqual(shown('notice'), [['notice', 'Cy joined']]);
  assert.deepEqual(chat.people, ['Ann', 'Bob', 'Cy']);
});

test('chat: after a cut the page comes back with the mark of its name, or two people of one name could be swapped', () => {
  const {chat, greet, sent, remembered} = enter({welcome: {name: 'Ann (2)', people: ['Ann', 'Ann (2)']}});
  chat.lost();
  chat.opened();
  const hello = {type: 'hello', key: 'secret', sender: 'me', room: 'r1', seen: 0};
  assert.deepEqual(sent(), [{...hello, name: 'Ann', called: 'Ann (2)'}]);
  greet({name: 'Ann (2)', people: ['Ann (2)']});
  chat.lost();
  chat.call('Zoe');  // the mark belongs to another name, as the server sees
  chat.opened();
  assert.deepEqual(sent(), [{...hello, name: 'Zoe', called: 'Ann (2)'}]);
  assert.deepEqual(remembered(), ['Ann', 'Ann']);  // without the mark
});

test('chat: who came and went while the page was cut off is told then, and nobody joins twice without having left', () => {
  const {chat, hear, greet, shown} = enter({welcome: {people: ['Bob', 'Cy', 'Ann']}});
  chat.lost();
  chat.opened();
  greet({people: ['Cy', 'Ann', 'Dee']});
  assert.deepEqual(shown('notice'), [['notice', 'Bob left'], ['notice', 'Dee joined']]);
  hear({type: 'joined', name: 'Bob'});
  assert.deepEqual(shown('notice'), [['notice', 'Bob joined']]);
});

test('chat: after a restart all have half a minute to come back, and who does not has left', () => {
  const {world, chat, hear, greet, shown} = enter({welcome: {people: ['Bob', 'Cy', 'Ann']}});
  const restart = (room, more) => {
    chat.lost();
    chat.opened();
    greet({room, ...more});
  };
  restart('r2', {people: ['Ann', 'Dee']});
  assert.deepEqual(shown('notice'), [['notice', 'The server was restarted.'], ['notice', 'Dee joined']]);
  world.pass(20_000);
  hear({type: 'joined', name: 'Bob'});
  restart('r3');  // again, before Cy came back
  world.pass(29_999);
  hear({type: 'joined', name: 'Bob'});
  assert.deepEqual(shown('notice'), [['notice', 'The server was restarted.']]);
  world.pass(1);
  assert.deepEqual(shown('notice'), [['notice', 'Cy left'], ['notice', 'Dee left']]);
  hear({type: 'joined', name: 'Cy'});
  assert.deepEqual(shown('notice'), [['notice', 'Cy joined']]);
});

test('chat: after a restart that gave the page itself another mark, it says so and did not leave', () => {
  const {world, chat, greet, shown} = enter();
  chat.lost();
  chat.opened();
  greet({room: 'r2', name: 'Ann (2)', people: ['Ann', 'Ann (2)']});
  world.pass(60_000);
  assert.deepEqual(shown('notice').slice(1), [['notice', 'Ann is Ann (2) from now on'], ['notice', 'Ann joined']]);
});

test('chat: a name that was refused is not asked for again, nor remembered', () => {
  const {chat, hear, greet, sent, remembered} = enter();
  chat.call('\u202e');
  hear({type: 'error', message: 'no'});
  chat.lost();
  chat.opened();
  assert.deepEqual(sent().map(({type, name}) => [type, name]), [['name', '\u202e'], ['hello', 'Ann']]);
  greet({});
  chat.call('Anna');
  hear({type: 'renamed', from: 'Ann', to: 'Anna'});
  assert.deepEqual(remembered(), ['Ann', 'Ann', 'Anna']);
});

test('chat: a name that was refused at the door makes way for the one before, when the user leaves it at that', () => {
  const {chat, hear, sent} = enter();
  chat.lost();
  chat.call('\u202e');
  chat.opened();
  hear({type: 'error', message: 'no'});
  chat.opened();
  assert.deepEqual(sent().map(({name}) => name), ['\u202e', 'Ann']);
});

test('chat: a hello that could not be sent is sent when the connection opens', () => {
  const {chat, link, sent} = enter();
  chat.lost();
  link.isOpen = false;
  chat.call('Anna');  // while it connects
  link.isOpen = true;
  chat.opened();
  assert.deepEqual(sent().map(({type, name}) => [type, name]), [['hello', 'Anna']]);
});

test('chat: what is sent of a text keeps its line breaks, and has no characters that the server leaves out', () => {
  assert.equal(textOf('  {\n\t"a": 1\n}\n\n'), '{\n\t"a": 1\n}');
  assert.equal(textOf('\0\x1b[1mbold\x7f \x9b\ud83e 🧵\r\n'), '[1mbold  🧵');
  assert.equal(bytesOf('織 🧵'), 8);
});

test('chat: people come, go, and call themselves otherwise', () => {
  const {chat, hear, shown, sent} = enter();
  hear({type: 'joined', name: 'Bob'});
  hear({type: 'renamed', from: 'Bob', to: 'Rob'});
  chat.call('Anna');
  assert.deepEqual(sent(), [{type: 'name', name: 'Anna'}]);
  hear({type: 'renamed', from: 'Ann', to: 'Anna (2)'});
  assert.equal(chat.name, 'Anna (2)');
  assert.deepEqual(shown('people').at(-1), ['people', ['Anna (2)', 'Rob'], 'Anna (2)']);
  hear({type: 'left', name: 'Rob'});
  assert.deepEqual(shown('people', 'notice'), [['people', ['Anna (2)'], 'Anna (2)'], ['notice', 'Rob left']]);
});

test('chat: a hello is said once, whatever the user does meanwhile', () => {
  const {chat, hear, greet, shown, sent} = enter();
  chat.lost();
  chat.opened();
  chat.call('Anna');
  assert.deepEqual(sent().map(({type, name}) => [type, name]), [['hello', 'Ann']]);
  greet({});
  assert.deepEqual(sent(), [{type: 'name', name: 'Anna'}]);
  chat.lost();
  chat.opened();
  hear({type: 'error', message: 'no'});
  chat.call('Annie');
  assert.deepEqual(sent().map(({type, name}) => [type, name]), [['hello', 'Anna'], ['hello', 'Annie']]);
  assert.deepEqual(shown('refused'), [['refused', 'no']]);
});

test('chat: what is refused is told', () => {
  const {chat, hear, shown} = enter();
  hear({type: 'error', message: 'a name has at most 32 characters'});
  assert.deepEqual(shown('refused'), [['refused', 'a name has at most 32 characters']]);
  chat.say('much');
  hear({type: 'error', message: 'too long', n: 1});
  assert.deepEqual(shown('unsaid'), [['unsaid', 1, 'too long']]);
  assert.ok(!chat.hasUnsaid);
});

test('chat: that one types is said every two seconds, and again after a line', () => {
  const {world, chat, sent} = enter();
  for (let key = 0; key < 41; ++key) {
    chat.type();
    world.pass(100);
  }
  assert.equal(sent().length, 3);
  chat.say('line');
  chat.type();
  assert.deepEqual(sent().map(({type}) => type), ['say', 'typing']);
  chat.lost();
  chat.type();
  assert.deepEqual(sent(), []);
});

test('chat: that others type is believed for five seconds, or until their line', () => {
  const {world, chat, hear, shown} = enter();
  const typing = () => shown('typing').at(-1)?.[1];
  hear({type: 'typing', name: 'Bob'});
  world.pass(2000);
  hear({type: 'typing', name: 'Cy'});
  hear({type: 'typing', name: 'Bob'});
  assert.deepEqual(typing(), ['Bob', 'Cy']);
  world.pass(4999);
  assert.deepEqual(typing(), ['Bob', 'Cy']);
  hear(line(1));
  assert.deepEqual(typing(), ['Cy']);
  world.pass(1);
  assert.deepEqual(typing(), []);
  hear({type: 'typing', name: 'Bob'});
  hear({type: 'left', name: 'Bob'});
  assert.deepEqual(typing(), []);
  hear({type: 'typing', name: 'Bob'});
  chat.lost();
  assert.deepEqual(typing(), []);
});

test('chat: what a later server may add is passed over', () => {
  const {hear, shown} = enter();
  shown();
  hear({type: 'pong'});
  hear({type: 'weather', sky: 'blue'});
  assert.deepEqual(shown('line', 'notice', 'people'), []);
});
