'use strict';
// Our clients against servers on npm's ws: the echo client, and the conformance client against a small server of the
// protocol of conformance suites.

const assert = require('node:assert/strict');
const {once} = require('node:events');
const http = require('node:http');
const {test} = require('node:test');

const {exitOf, outputOf} = require('./program.js');
const {Peer, SIZES, bytesOf, textOf} = require('./websocket_cases.js');
const {serve} = require('./ws_server.js');

const LIMIT = {timeout: 120_000};

test('the echo client prints each answer, and closes with 1000', LIMIT, async (t) => {
  const messages = ['Hello', '', 'Schuß, 織物 🧵', textOf(65536)];
  const url = await serve(t, {}, async (socket, {pathname}, request) => {
    assert.equal(pathname, '/some/path');
    assert.equal(request.headers['sec-websocket-protocol'], undefined);
    socket.on('message', (data, binary) => {
      assert.ok(!binary);
      socket.send(`<${data}>`);
    });
    const [code] = await once(socket, 'close');
    assert.equal(code, 1000);
  });
  const output = await outputOf('ECHO_CLIENT', [`${url}/some/path?q`, ...messages]);
  assert.equal(output, messages.map((message) => `<${message}>\n`).join(''));
});

test('the echo client fails where nothing listens', LIMIT, async () => {
  assert.equal(await exitOf('ECHO_CLIENT', ['ws://127.0.0.1:1', 'Hello']), 1);
});

test('the echo client fails where the upgrade is refused', LIMIT, async (t) => {
  const server = http.createServer((_, response) => response.writeHead(503).end('busy')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  assert.equal(await exitOf('ECHO_CLIENT', [`ws://127.0.0.1:${server.address().port}`, 'Hello']), 1);
});

// name -> async function(peer) that throws if the client does something wrong
const cases = {};

for (const size of SIZES) {
  cases[`text of ${size} bytes`] = (peer) => peer.expectEcho(textOf(size));
  cases[`binary of ${size} bytes`] = (peer) => peer.expectEcho(bytesOf(size));
}

cases['a hundred messages at once'] = async (peer) => {
  for (let i = 0; i < 100; i++) peer.socket.send(`message ${i}`);
  for (let i = 0; i < 100; i++) await peer.expect(`message ${i}`);
};

cases['fragments, some empty, one with half a code point'] = async (peer) => {
  const fragments = [Buffer.from('Schu\u00c3', 'latin1'), Buffer.of(), Buffer.from('\u009f', 'latin1'), Buffer.of()];
  fragments.forEach((fragment, i) => peer.socket.send(fragment, {binary: false, fin: i === fragments.length - 1}));
  await peer.expect('Schuß');
};

for (const size of [0, 125]) {
  cases[`a ping of ${size} bytes`] = async (peer) => {
    const pong = once(peer.socket, 'pong');
    peer.socket.ping(Buffer.alloc(size, 'p'));
    assert.deepEqual((await pong)[0], Buffer.alloc(size, 'p'));
  };
}

cases['a ping between fragments'] = async (peer) => {
  const pong = once(peer.socket, 'pong');
  peer.socket.send('a', {fin: false});
  peer.socket.ping('between');
  assert.equal((await pong)[0].toString(), 'between');
  peer.socket.send('b', {fin: true});
  await peer.expect('ab');
};

cases['a pong that nobody asked for'] = async (peer) => {
  peer.socket.pong('unasked');
  await peer.expectEcho('still here');
};

for (const [code, reason] of [[1000, ''], [1001, 'away'], [3000, 'Schuß'], [4999, 'r'.repeat(123)]]) {
  cases[`close with ${code} and a reason of ${reason.length} characters`] = (peer) => peer.expectClose(code, reason);
}

cases['close without a code'] = async (peer) => {
  peer.socket.close();
  assert.deepEqual(await peer.closed, {code: 1005, reason: '', wasClean: true});
};

// Bytes that a server must not send, and the close code with which the client fails the connection.
for (const [name, code, bytes] of [
       ['a masked frame', 1002, [0x81, 0x81, 1, 2, 3, 4, 0x60]],
       ['a reserved opcode', 1002, [0x83, 0]],
       ['a reserved bit', 1002, [0xa1, 0]],
       ['a continuation of nothing', 1002, [0x80, 0]],
       ['a close code that is not for the wire', 1002, [0x88, 2, 1005 >> 8, 1005 & 255]],
       ['invalid UTF-8', 1007, [0x81, 1, 0xff]],
     ]) {
  cases[`the server sends ${name}`] = async (peer) => {
    peer.socket._socket.write(Buffer.from(bytes));
    assert.equal((await peer.closed).code, code);
  };
}

test('the conformance client', {timeout: 300_000}, async (t) => {
  const names = Object.keys(cases);
  const results = new Map();
  let reports = 0;
  const url = await serve(t, {}, async (socket, {pathname, searchParams}) => {
    const peer = new Peer(socket);
    if (pathname === '/getCaseCount') {
      socket.send(`${names.length}`);
    } else {
      assert.equal(searchParams.get('agent'), 'Weft');
      if (pathname === '/runCase') {
        const name = names[searchParams.get('case') - 1];
        results.set(name, await cases[name](peer).then(() => 'ok', (error) => error));
      } else {
        assert.equal(pathname, '/updateReports');
        reports++;
      }
    }
    if (!peer.end) await peer.expectClose(1000, '');
  });
  await outputOf('CONFORMANCE_CLIENT', [`--url=${url}`, '--agent=Weft']);
  for (const name of names) await t.test(name, () => assert.equal(results.get(name), 'ok'));
  assert.equal(reports, 1);
});
