'use strict';
// The echo server with npm's ws as client: the cases of websocket_cases.js, and tests for which browsers have no
// interface.

const assert = require('node:assert/strict');
const {once} = require('node:events');
const {after, before, test} = require('node:test');
const WebSocket = require('ws');

const {startServer} = require('./program.js');
const {Peer, cases} = require('./websocket_cases.js');

const LIMIT = {timeout: 60_000};
let server;

before(async () => server = await startServer('ECHO_SERVER', ['--max_message_bytes=16777216']));
after(async () => assert.equal(await server.stop(), 0, 'exit code after SIGTERM'));

for (const [name, run] of Object.entries(cases)) {
  test(name, LIMIT, () => run(WebSocket, server.url));
}

function sendFragments(socket, fragments) {
  fragments.forEach((fragment, i) => socket.send(fragment, {fin: i === fragments.length - 1}));
}

for (const [name, fragments] of Object.entries({
       'three': ['one ', 'two ', 'three'],
       'a code point cut in two': [Buffer.from('Schu\u00c3', 'latin1'), Buffer.from('\u009f', 'latin1')],
       'empty ones': ['', 'not', '', ' empty', ''],
       'only empty ones': ['', '', ''],
       'of 64 KiB each': Array(16).fill('f'.repeat(65536)),
       'many': Array(10_000).fill('x'),
     })) {
  test(`a text in fragments: ${name}`, LIMIT, async () => {
    const peer = await Peer.open(WebSocket, server.url);
    const text = Buffer.concat(fragments.map((fragment) => Buffer.from(fragment))).toString();
    fragments.forEach((fragment, i) => {
      peer.socket.send(fragment, {binary: false, fin: i === fragments.length - 1});
    });
    await peer.expect(text);
    await peer.expectClose(1000, '');
  });
}

test('a binary message in fragments', LIMIT, async () => {
  const peer = await Peer.open(WebSocket, server.url);
  sendFragments(peer.socket, [Buffer.of(1, 2), Buffer.of(), Buffer.of(255)]);
  await peer.expect(Uint8Array.of(1, 2, 255));
  await peer.expectClose(1000, '');
});

for (const size of [0, 1, 125]) {
  test(`a ping of ${size} bytes is answered with its payload`, LIMIT, async () => {
    const peer = await Peer.open(WebSocket, server.url);
    const pong = once(peer.socket, 'pong');
    peer.socket.ping(Buffer.alloc(size, 'p'));
    assert.deepEqual((await pong)[0], Buffer.alloc(size, 'p'));
    await peer.expectClose(1000, '');
  });
}

test('a ping between fragments is answered before the message is', LIMIT, async () => {
  const peer = await Peer.open(WebSocket, server.url);
  const pong = once(peer.socket, 'pong');
  peer.socket.send('a', {fin: false});
  peer.socket.ping('between');
  assert.equal((await pong)[0].toString(), 'between');
  assert.equal(peer.messages.length, 0);
  peer.socket.send('b', {fin: true});
  await peer.expect('ab');
  await peer.expectClose(1000, '');
});

test('a pong that nobody asked for is ignored', LIMIT, async () => {
  const peer = await Peer.open(WebSocket, server.url);
  peer.socket.pong('unasked');
  await peer.expectEcho('still here');
  await peer.expectClose(1000, '');
});

// Browsers deliver nothing once they have begun to close.
test('messages before a close are all answered', LIMIT, async () => {
  const peer = await Peer.open(WebSocket, server.url);
  peer.socket.send('first');
  peer.socket.send('last');
  peer.socket.close(1000, 'at once');
  await peer.expect('first');
  await peer.expect('last');
  assert.deepEqual(await peer.closed, {code: 1000, reason: 'at once', wasClean: true});
});

// Codes that browsers do not expose.
for (const code of [1001, 1003, 1009, 1011]) {
  test(`close with ${code}`, LIMIT, async () => {
    const peer = await Peer.open(WebSocket, server.url);
    await peer.expectClose(code, 'reason');
  });
}
