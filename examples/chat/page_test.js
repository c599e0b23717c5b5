'use strict';
// The parts of the page that need no browser: reconnecting, and resending lines, in Node.js.

const assert = require('node:assert/strict');
const {before, test} = require('node:test');

const {modulesOf} = require('../page_modules.js');

const page = modulesOf(__dirname);

let Connection, Chat, bytesOf, textOf, account, nodes, pathOf, roomOf;
before(async () => {
  ({Connection} = await page('connection.mjs'));
  ({Chat, bytesOf, textOf} = await page('chat.mjs'));
  ({pathOf} = await page('rooms.mjs'));
  ({account, nodes, roomOf} = await page('visit.mjs'));
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

function connect(urls = ['ws://x/']) {
  const world = new World();
  const states = [], messages = [];
  const on = {state: (state) => states.push(state), message: (text) => messages.push(text)};
  const connection = new Connection({urls, protocol: 'p', probe: '?', on, world});
  connection.start();
  return {world, connection, states, messages};
}

test('visit: the path is the room', () => {
  for (const path of ['/', '/index.html', '/chat/', '/chat/rooms/', '/rooms/a/b']) {
    assert.deepEqual(roomOf(path), {path: '', name: ''}, path);
  }
  for (const prefix of ['', '/chat', '/rooms/chat']) {
    assert.deepEqual(roomOf(`${prefix}/rooms/blue%20sky`), {path: 'rooms/blue%20sky', name: 'blue sky'});
  }
  assert.deepEqual(roomOf('/rooms/%ff'), {path: 'rooms/%ff', name: '%ff'}, 'not UTF-8');
});

test('rooms: a typed name is the path of a room, or the page says why it cannot be', () => {
  assert.deepEqual(pathOf('  blue \t sky '), {path: 'rooms/blue%20sky', problem: ''});
  assert.deepEqual(pathOf('Käse?#&%'), {path: 'rooms/K%C3%A4se%3F%23%26%25', problem: ''});
  assert.deepEqual(pathOf(' '), {path: './', problem: ''}, 'the front room');
  for (const name of ['.', '..', 'a/b', 'a\\b']) {
    const {path, problem} = pathOf(name);
    assert.equal(path, '');
    assert.match(problem, /^A room’s name /, name);
  }
  assert.deepEqual(roomOf(`/chat/${pathOf('blue sky').path}`), {path: 'rooms/blue%20sky', name: 'blue sky'});
});

test('visit: a person is no guest because the server fails', async () => {
  const answers = [
    () => { throw new TypeError('no connection'); },
    () => ({ok: false, json: async () => ({name: 'nobody'})}),
    () => ({ok: true, json: async () => ({name: 'Ann'})}),
  ];
  const waits = [];
  const get = async (path) => {
    assert.equal(path, 'me');
    return answers.shift()();
  };
  assert.equal(await account(get, async (ms) => waits.push(ms)), 'Ann');
  assert.deepEqual(waits, [2_000, 2_000]);
  assert.equal(await account(async () => ({ok: true, json: async () => ({name: null})})), null);
});

test('visit: a page connects to its own server first, and knows the other nodes', async () => {
  const get = (answer) => async (path) => {
    assert.equal(path, 'nodes');
    return answer();
  };
  assert.deepEqual(await nodes(get(() => ({ok: true, json: async () => ['ws://a', 'ws://b']})), 'ws://b'), ['ws://b', 'ws://a']);
  assert.deepEqual(await nodes(get(() => ({ok: false})), 'ws://b'), ['ws://b']);
  assert.deepEqual(await nodes(get(() => { throw new TypeError('no connection'); }), 'ws://b'), ['ws://b']);
});

test('connection: when a node ends, it goes to the next one', () => {
  const {world, connection} = connect(['ws://a/', 'ws://b/']);
  for (const url of ['ws://a/', 'ws://b/', 'ws://a/']) {
    assert.equal(world.socket.url, url);
    assert.equal(connection.url, url);
    world.accept();
    connection.prove();
    world.end(1006);
    world.pass(500);
  }
});

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

// A page in the room, whose view and link record their calls. The person of `name` has the id p-NAME.
function enter({name = 'Ann', people = ['Ann'], at = 'e.0'} = {}) {
  const world = new World();
  const seen = [], sent = [];
  const view = new Proxy({}, {get: (_, what) => (...values) => seen.push([what, ...values])});
  const link = {isOpen: true, send: (text) => link.isOpen && sent.push(JSON.parse(text)) > 0, prove: () => {}};
  const remembered = [];
  const remember = (name) => remembered.push(name);
  const chat = new Chat({key: 'secret', sender: 'me', link, view, remember, world});
  const hear = (message) => chat.receive(JSON.stringify(message));
  const take = (list) => list.splice(0);
  let number = 0;
  const list = (people) => people.map((each) => ({person: `p-${each.split(' ')[0]}`, name: each}));
  const tell = (people, node = 'n1', order = ++number) => hear({type: 'people', node, number: order, people: list(people)});
  const greet = ({name = 'Ann', people = ['Ann'], node = 'n1', at = 'e.0', person = 'p-Ann'} = {}) => {
    hear({type: 'welcome', node, person, writer: 'w-Ann', name});
    tell(people, node);
    if (at !== null) hear({type: 'at', position: at});
  };
  chat.opened();
  chat.call('Ann');
  assert.deepEqual(take(sent), [{type: 'hello', key: 'secret', sender: 'me', name: 'Ann'}]);
  greet({name, people, at});
  const shown = (...what) => take(seen).filter(([name]) => what.includes(name));
  const names = () => chat.people.map(({name}) => name);
  return {world, chat, link, hear, tell, greet, shown, names, sent: () => take(sent), remembered: () => take(remembered)};
}

const line = (n, {sender = 'w-Bob.bob', name = 'Bob', text = `line ${n}`} = {}) => ({type: 'line', time: 0, person: `p-${name}`, name, text, id: `${sender}.${n}`});
const own = (n, text) => line(n, {sender: 'w-Ann.me', name: 'Ann', text});
// As the view gets it.
const asShown = ({id, person, ...rest}) => ['line', {...rest, own: person === 'p-Ann'}];

test('chat: a newcomer gets the history, and each line once', () => {
  const {hear, shown} = enter({people: ['Bob', 'Ann']});
  for (const n of [7, 8, 8, 9]) hear(line(n));
  assert.deepEqual(shown('people', 'line'), [
    ['people', [{person: 'p-Bob', name: 'Bob'}, {person: 'p-Ann', name: 'Ann'}], 'p-Ann'], ...[7, 8, 9].map((n) => asShown(line(n))),
  ]);
});

test('chat: what one says waits until it comes back', () => {
  const {chat, hear, shown, sent} = enter();
  chat.say('hello');
  assert.deepEqual(sent(), [{type: 'say', n: 1, text: 'hello'}]);
  assert.ok(chat.hasUnsaid);
  hear(line(1));
  hear(own(1, 'hello'));
  assert.ok(!chat.hasUnsaid);
  assert.deepEqual(shown('waiting', 'settled', 'line'), [
    ['waiting', 1, 'hello'], asShown(line(1)), ['settled', 1], asShown(own(1, 'hello')),
  ]);
});

test('chat: after a cut it goes on after the last line, and says again what did not come back', () => {
  const {chat, hear, greet, shown, sent} = enter({at: 'e.40'});
  hear(line(1));
  hear(line(2));
  chat.say('one');
  chat.say('two');
  chat.lost();
  chat.say('three');
  sent();
  chat.opened();
  assert.deepEqual(sent(), [{type: 'hello', key: 'secret', sender: 'me', name: 'Ann', since: 'e.42'}]);
  shown();
  greet({node: 'n2', at: null});
  chat.say('four');
  assert.deepEqual(sent(), [], 'it might not come back');
  hear({type: 'at', position: 'e.42'});
  assert.deepEqual(sent().map(({n}) => n), [1, 2, 3, 4]);
  for (const each of [line(3), own(1, 'one'), own(2, 'two')]) hear(each);
  assert.deepEqual(shown('settled', 'line'), [
    asShown(line(3)), ['settled', 1], asShown(own(1, 'one')), ['settled', 2], asShown(own(2, 'two')),
  ]);
  chat.lost();
  chat.opened();
  assert.equal(sent().at(-1).since, 'e.45');
});

test('chat: cut before its first position, a page says that it was in the room', () => {
  const {chat, sent} = enter({at: null});
  chat.lost();
  chat.opened();
  assert.deepEqual(sent(), [{type: 'hello', key: 'secret', sender: 'me', name: 'Ann', called: 'Ann'}]);
});

test('chat: a line comes back to a person who is a guest at the next node', () => {
  const {chat, hear, greet, shown, sent} = enter();
  chat.say('one');
  chat.lost();
  chat.opened();
  sent();
  shown();
  greet({node: 'n2', person: 'p-Guest'});  // which resends the line
  for (const person of ['p-Ann', 'p-Guest']) hear({...own(1, 'one'), person});
  assert.deepEqual(shown('settled', 'line'), [['settled', 1], asShown(own(1, 'one'))]);
});

test('chat: a person who is a guest at the next node is there once', () => {
  const {world, chat, hear, shown, names} = enter({people: ['Bob', 'Ann']});
  const rollCall = () => hear({type: 'people', node: 'n2', number: 9, people: [{person: 'p-Guest', name: 'Ann'}]});
  chat.lost();
  chat.opened();
  hear({type: 'welcome', node: 'n2', person: 'p-Guest', writer: 'w-Ann', name: 'Ann'});
  rollCall();
  assert.deepEqual(names(), ['Bob', 'Ann']);
  world.pass(20_000);
  rollCall();
  world.pass(10_000);
  assert.deepEqual(shown('notice'), [['notice', 'Bob left']]);
  assert.deepEqual(names(), ['Ann']);
});

test('chat: lines of the user are known by the person, or by the page that wrote them', () => {
  const {hear, shown} = enter();
  hear(line(1, {sender: 'w-other.tab', name: 'Ann'}));  // in another browser, with the same account
  hear({...own(2), person: 'p-other'});
  for (const sender of ['w-other.me', 'w-Ann.tab']) hear({...line(3, {sender}), person: 'p-other'});
  assert.deepEqual(shown('line').map(([, {own}]) => own), [true, true, false, false]);
});

test('chat: lines that are no longer kept are counted', () => {
  const {chat, hear, greet, shown} = enter({at: 'e.7'});
  chat.lost();
  chat.opened();
  greet({at: null});
  hear({type: 'gap', reason: 'too old'});
  hear({type: 'at', position: 'e.37'});
  hear(line(1));
  assert.deepEqual(shown('notice', 'line'), [['notice', '30 earlier messages are no longer available.'], asShown(line(1))]);
  chat.lost();
  chat.opened();
  greet({at: null});
  hear({type: 'gap', reason: 'too old'});
  hear({type: 'at', position: 'e.20'});  // enough are kept
  assert.deepEqual(shown('notice'), []);
});

test('chat: a server that was started anew has other positions, and nothing is shown twice', () => {
  const {chat, hear, greet, shown, sent} = enter({people: ['Bob', 'Ann']});
  hear(line(3));
  chat.say('one');
  chat.lost();
  chat.opened();
  sent();
  shown();
  greet({node: 'n2', at: null});
  hear({type: 'gap', reason: 'other epoch'});
  hear({type: 'at', position: 'f.0'});
  hear(line(3));
  hear(line(4));
  assert.deepEqual(shown('notice', 'line'), [['notice', 'The server was restarted.'], asShown(line(4))]);
  assert.deepEqual(sent(), [{type: 'say', n: 1, text: 'one'}]);
  chat.lost();
  chat.opened();
  assert.equal(sent().at(-1).since, 'f.2');
});

test('chat: a gap in the middle may have the lines that wait in it', () => {
  const {chat, hear, sent, shown} = enter();
  chat.say('one');
  sent();
  hear({type: 'at', position: 'f.0'});  // a new epoch, in which nothing is missing
  assert.deepEqual(sent(), []);
  hear({type: 'gap', reason: 'ahead'});
  chat.say('two');
  assert.deepEqual(sent(), []);
  hear({type: 'at', position: 'f.0'});
  assert.deepEqual(sent().map(({n}) => n), [1, 2]);
  assert.deepEqual(shown('notice'), [['notice', 'The server was restarted.']]);
});

test('chat: after a cut the page comes back with the mark of its name, or two people of one name could be swapped', () => {
  const {chat, greet, sent, remembered} = enter({name: 'Ann (2)', people: ['Ann (2)']});
  chat.lost();
  chat.opened();
  const hello = {type: 'hello', key: 'secret', sender: 'me', since: 'e.0'};
  assert.deepEqual(sent(), [{...hello, name: 'Ann', called: 'Ann (2)'}]);
  greet({name: 'Ann (2)', people: ['Ann (2)']});
  chat.lost();
  chat.call('Zoe');  // the mark belongs to another name, as the server sees
  chat.opened();
  assert.deepEqual(sent(), [{...hello, name: 'Zoe', called: 'Ann (2)'}]);
  assert.deepEqual(remembered(), ['Ann', 'Ann']);  // without the mark
});

test('chat: who came and went while the page was cut off is told then, and nobody joins twice without having left', () => {
  const {chat, tell, greet, shown, names} = enter({people: ['Bob', 'Cy', 'Ann']});
  chat.lost();
  chat.opened();
  greet({people: ['Cy', 'Ann', 'Dee']});
  assert.deepEqual(shown('notice'), [['notice', 'Bob left'], ['notice', 'Dee joined']]);
  tell(['Cy', 'Ann', 'Dee', 'Bob']);
  assert.deepEqual(shown('notice'), [['notice', 'Bob joined']]);
  tell(['Ann'], 'n1', 1);  // it was overtaken by the others
  assert.deepEqual(names(), ['Cy', 'Ann', 'Dee', 'Bob']);
});

test('chat: the people of all nodes are there, and who goes to another node has not left', () => {
  const {world, chat, tell, shown, names} = enter();
  tell(['Bob', 'Cy'], 'n2');  // they were there before
  assert.deepEqual(names(), ['Ann', 'Bob', 'Cy']);
  world.pass(3_000);
  tell(['Dee'], 'n3');  // a new node
  tell(['Bob', 'Cy', 'Eve'], 'n2');
  assert.deepEqual(shown('notice'), [['notice', 'Dee joined'], ['notice', 'Eve joined']]);
  // The second node ends, and Bob and Eve go to the first one.
  world.pass(10_000);
  tell(['Ann', 'Bob', 'Eve']);
  tell(['Dee'], 'n3');
  assert.deepEqual(names(), ['Ann', 'Bob', 'Eve', 'Cy', 'Dee']);
  world.pass(19_999);
  assert.deepEqual(shown('notice'), []);
  world.pass(1);
  assert.deepEqual(shown('notice'), [['notice', 'Cy left']]);
  assert.deepEqual(names(), ['Ann', 'Bob', 'Eve', 'Dee']);
  chat.lost();
  world.pass(60_000);
  assert.deepEqual(shown('notice'), [], 'nobody can be heard');
});

test('chat: of two names of a person the one that changed last is shown', () => {
  const {world, tell, shown, names} = enter();
  tell(['Bob', 'Cy'], 'n2');
  shown();
  // The second node ends. Bob goes to the first one, and takes another name.
  tell(['Ann', 'Bob']);
  tell(['Ann', 'Bob b']);
  assert.deepEqual(names(), ['Ann', 'Bob b', 'Cy']);
  assert.deepEqual(shown('notice'), [['notice', 'Bob is now Bob b']]);
  world.pass(20_000);
  tell(['Ann', 'Bob b']);
  world.pass(10_000);
  assert.deepEqual(shown('notice'), [['notice', 'Cy left']]);
  // In tabs at two nodes that both live, the names do not alternate with the roll calls.
  tell(['Bob'], 'n3');
  tell(['Ann', 'Bob b']);
  tell(['Bob', 'Dee'], 'n3');
  assert.deepEqual(shown('notice'), [['notice', 'Bob b is now Bob'], ['notice', 'Dee joined']]);
});

test('chat: the name of the user is that of the own node', () => {
  const {chat, tell, greet, shown, names, remembered} = enter();
  chat.lost();
  chat.opened();
  greet({node: 'n2', name: 'Ann (2)', people: ['Ann (2)']});
  chat.lost();
  chat.opened();
  greet({node: 'n1'});  // the second node has ended
  shown();
  remembered();
  tell(['Ann', 'Bob']);
  assert.deepEqual([chat.name, ...names()], ['Ann', 'Ann', 'Bob']);
  chat.call('Ann a');
  tell(['Ann a', 'Bob']);
  assert.deepEqual([chat.name, remembered()], ['Ann a', ['Ann a']]);
  tell(['Ann (2)', 'Cy'], 'n2');
  assert.equal(chat.name, 'Ann a');
});

test('chat: after a restart all have half a minute to come back, and who does not has left', () => {
  const {world, chat, tell, greet, shown} = enter({people: ['Bob', 'Cy', 'Ann']});
  chat.lost();
  world.pass(60_000);
  chat.opened();
  greet({node: 'n2', people: ['Ann', 'Dee']});
  assert.deepEqual(shown('notice'), [['notice', 'Dee joined']]);
  world.pass(20_000);
  tell(['Ann', 'Dee', 'Bob'], 'n2');
  world.pass(9_999);
  assert.deepEqual(shown('notice'), []);
  world.pass(1);
  assert.deepEqual(shown('notice'), [['notice', 'Cy left']]);
});

test('chat: a restart that gave the page itself another mark is told', () => {
  const {chat, greet, shown} = enter();
  chat.lost();
  chat.opened();
  greet({node: 'n2', name: 'Ann (2)', people: ['Ann (2)']});
  assert.equal(chat.name, 'Ann (2)');
  assert.deepEqual(shown('notice'), [['notice', 'Ann is now Ann (2)']]);
});

test('chat: a name that was refused is not asked for again, nor remembered', () => {
  const {chat, hear, tell, greet, sent, remembered} = enter();
  chat.call('\u202e');
  hear({type: 'error', message: 'no'});
  chat.lost();
  chat.opened();
  assert.deepEqual(sent().map(({type, name}) => [type, name]), [['name', '\u202e'], ['hello', 'Ann']]);
  greet();
  chat.call('Anna');
  tell(['Ann a']);
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

test('chat: people call themselves otherwise', () => {
  const {chat, hear, shown, sent, names} = enter({people: ['Ann', 'Bob']});
  chat.call('Anna');
  assert.deepEqual(sent(), [{type: 'name', name: 'Anna'}]);
  shown();
  hear({type: 'people', node: 'n1', number: 9, people: [{person: 'p-Ann', name: 'Anna (2)'}, {person: 'p-Bob', name: 'Rob'}]});
  assert.equal(chat.name, 'Anna (2)');
  assert.deepEqual(names(), ['Anna (2)', 'Rob']);
  assert.deepEqual(shown('notice'), [['notice', 'Ann is now Anna (2)'], ['notice', 'Bob is now Rob']]);
});

test('chat: a hello is said once, whatever the user does meanwhile', () => {
  const {chat, hear, greet, shown, sent} = enter();
  chat.lost();
  chat.opened();
  chat.call('Anna');
  assert.deepEqual(sent().map(({type, name}) => [type, name]), [['hello', 'Ann']]);
  greet();
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
  const {world, chat, hear, tell, shown} = enter({people: ['Ann', 'Bob', 'Cy']});
  const typing = () => shown('typing').at(-1)?.[1];
  hear({type: 'typing', person: 'p-Bob', name: 'Bob'});
  world.pass(2000);
  hear({type: 'typing', person: 'p-Cy', name: 'Cy'});
  hear({type: 'typing', person: 'p-Bob', name: 'Bob'});
  assert.deepEqual(typing(), ['Bob', 'Cy']);
  world.pass(4999);
  assert.deepEqual(typing(), ['Bob', 'Cy']);
  hear(line(1));
  assert.deepEqual(typing(), ['Cy']);
  world.pass(1);
  assert.deepEqual(typing(), []);
  hear({type: 'typing', person: 'p-Bob', name: 'Bob'});
  tell(['Ann', 'Cy']);
  assert.deepEqual(typing(), []);
  hear({type: 'typing', person: 'p-Ann', name: 'Ann'});
  assert.equal(typing(), undefined, 'this is the user');
  hear({type: 'typing', person: 'p-Bob', name: 'Bob'});
  chat.lost();
  assert.deepEqual(typing(), []);
});

test('chat: who types is named by the present name, and only so many are remembered', () => {
  const {hear, tell, shown} = enter({people: ['Ann', 'Bob']});
  const typing = () => shown('typing').at(-1)?.[1];
  hear({type: 'typing', person: 'p-Bob', name: 'Bob'});
  tell(['Ann', 'Bob b']);
  assert.deepEqual(typing(), ['Bob b']);
  hear(line(1));
  assert.deepEqual(typing(), [], 'the line has the earlier name');
  for (let i = 0; i < 60; ++i) hear({type: 'typing', person: `p-${i}`, name: `P${i}`});
  assert.equal(typing().length, 50);
});

test('chat: what a later server may add is passed over', () => {
  const {hear, shown} = enter();
  shown();
  hear({type: 'pong'});
  hear({type: 'weather', sky: 'blue'});
  assert.deepEqual(shown('line', 'notice', 'people'), []);
});
