'use strict';
// permessage-deflate with npm's ws: our servers with its client, our clients with its server, with every kind of
// agreement.

const assert = require('node:assert/strict');
const {once} = require('node:events');
const {test} = require('node:test');
const WebSocket = require('ws');

const {outputOf, startServer} = require('./program.js');
const {Peer, bytesOf, exchange, textOf} = require('./websocket_cases.js');
const {serve} = require('./ws_server.js');

const LIMIT = {timeout: 120_000};

// An offer of ws's client -> the takeover and the windows in the answer of our server with default options, and the
// windows in the answer of one without takeover.
const CLIENTS = {
  'nothing in particular': [{}, [], [12, 12], [undefined, undefined]],
  'no takeover of the server': [
    {serverNoContextTakeover: true}, ['server_no_context_takeover'], [undefined, 12], [undefined, undefined]],
  'no takeover of its own': [
    {clientNoContextTakeover: true}, ['client_no_context_takeover'], [12, undefined], [undefined, undefined]],
  'small windows': [{serverMaxWindowBits: 9, clientMaxWindowBits: 10}, [], [9, 10], [9, 10]],
  'the smallest windows': [{serverMaxWindowBits: 8, clientMaxWindowBits: 8}, [], [8, 8], [8, 8]],
};

// A client of ws that compresses everything, with further options.
function compressing(options) {
  return class extends WebSocket {
    constructor(url) {
      super(url, {perMessageDeflate: {threshold: 0, ...options}});
    }
  };
}

// The server's value of Sec-WebSocket-Extensions.
async function answerOf(url, perMessageDeflate) {
  const socket = new WebSocket(url, {perMessageDeflate});
  const [[response]] = await Promise.all([once(socket, 'upgrade'), once(socket, 'open')]);
  socket.close();
  await once(socket, 'close');
  return response.headers['sec-websocket-extensions'];
}

function chatLine(i) {
  return JSON.stringify({type: 'message', room: 'general', user: `user${i % 7}`, text: `line ${i} of the conversation`});
}

async function talk(peer) {
  for (let i = 0; i < 200; i++) await peer.expectEcho(chatLine(i));
  for (const size of [0, 1, 125, 126, 65535, 65536, 1 << 20]) {
    await peer.expectEcho(textOf(size));
    await peer.expectEcho(bytesOf(size));
  }
  const lines = Array.from({length: 200}, (_, i) => chatLine(i).repeat(1 + i % 20));
  for (const line of lines) peer.socket.send(line);
  for (const line of lines) await peer.expect(line);
  ['', chatLine(1), '', chatLine(2), ''].forEach((part, i) => peer.socket.send(part, {fin: i === 4, binary: false}));
  await peer.expect(chatLine(1) + chatLine(2));
}

for (const [mode, noTakeover] of [['on', false], ['no_takeover', true]]) {
  for (const [what, [options, asked, windows, sharedWindows]] of Object.entries(CLIENTS)) {
    test(`the echo server, compression ${mode}, a client that wants ${what}`, LIMIT, async (t) => {
      const server = await startServer('ECHO_SERVER', ['--max_message_bytes=16777216', `--compression=${mode}`]);
      t.after(() => server.stop());
      const takeover = noTakeover ? ['server_no_context_takeover', 'client_no_context_takeover'] : asked;
      const [serverBits, clientBits] = noTakeover ? sharedWindows : windows;
      const answer = ['permessage-deflate', ...takeover];
      if (serverBits) answer.push(`server_max_window_bits=${serverBits}`);
      if (clientBits) answer.push(`client_max_window_bits=${clientBits}`);
      assert.equal(await answerOf(server.url, options), answer.join('; '));
      const peer = await Peer.open(compressing(options), server.url);
      assert.equal(peer.socket.extensions, 'permessage-deflate');
      await talk(peer);
      await peer.expectClose(1000, '');
      if (what === 'nothing in particular') await exchange(compressing(options), server.url);
    });
  }
}

test('the echo server, compression off', LIMIT, async (t) => {
  const server = await startServer('ECHO_SERVER', ['--compression=off']);
  t.after(() => server.stop());
  const peer = await Peer.open(compressing({}), server.url);
  assert.equal(peer.socket.extensions, '');
  await talk(peer);
  await peer.expectClose(1000, '');
});

test('the echo server, a client that offers none', LIMIT, async (t) => {
  const server = await startServer('ECHO_SERVER');
  t.after(() => server.stop());
  assert.equal(await answerOf(server.url, false), undefined);
});

test('a message that inflates to more than the limit ends with 1009', LIMIT, async (t) => {
  const server = await startServer('ECHO_SERVER', ['--max_message_bytes=1000000']);
  t.after(() => server.stop());
  const peer = await Peer.open(compressing({}), server.url);
  peer.socket.send(Buffer.alloc(200 << 20));
  assert.equal((await peer.closed).code, 1009);
});

// A frame that is compressed once for all, between frames that refer to each other.
for (const threads of [1, 2]) {
  test(`published messages between a connection's own, ${threads} threads`, LIMIT, async (t) => {
    const server = await startServer('PUBLISH_SERVER', [`--threads=${threads}`]);
    t.after(() => server.stop());
    const kinds = [...Object.values(CLIENTS).map(([options]) => compressing(options)), WebSocket];
    const peers = await Promise.all([...kinds, ...kinds].map((kind) => Peer.open(kind, server.url)));
    for (let i = 0; i < 100; i++) {
      const speaker = peers[i % peers.length];
      const line = chatLine(i);
      speaker.socket.send(line);
      await speaker.expect(line);
      await Promise.all(peers.map((peer) => peer.expect(`for all: ${line}`)));
    }
    for (const peer of peers) await peer.expectClose(1000, '');
  });
}

// ---- Our clients ----

const SERVERS = {
  'nothing in particular': {},
  'no takeover': {serverNoContextTakeover: true, clientNoContextTakeover: true},
  'small windows': {serverMaxWindowBits: 9, clientMaxWindowBits: 9},
  'the smallest windows': {serverMaxWindowBits: 8, clientMaxWindowBits: 8},
};

for (const mode of ['on', 'no_takeover', 'off']) {
  for (const [what, options] of Object.entries(SERVERS)) {
    test(`the echo client, compression ${mode}, a server that wants ${what}`, LIMIT, async (t) => {
      const messages = Array.from({length: 50}, (_, i) => chatLine(i)).concat(['', textOf(65536)]);
      const url = await serve(t, {perMessageDeflate: {threshold: 0, ...options}}, async (socket, _, request) => {
        assert.equal(socket.extensions, mode === 'off' ? '' : 'permessage-deflate');
        assert.equal(request.headers['sec-websocket-extensions'], {
          on: 'permessage-deflate; server_max_window_bits=12; client_max_window_bits=12, ' +
            'permessage-deflate; client_max_window_bits=12',
          no_takeover: 'permessage-deflate; server_no_context_takeover; client_no_context_takeover; client_max_window_bits',
          off: undefined,
        }[mode]);
        socket.on('message', (data) => socket.send(`<${data}>`));
        assert.equal((await once(socket, 'close'))[0], 1000);
      });
      const output = await outputOf('ECHO_CLIENT', [`--compression=${mode}`, url, ...messages]);
      assert.equal(output, messages.map((message) => `<${message}>\n`).join(''));
    });
  }
}

test('the conformance client compresses what it is sent compressed', LIMIT, async (t) => {
  const cases = [
    talk,
    async (peer) => {
      for (const size of [0, 1, 100, 65536, 4 << 20]) await peer.expectEcho(bytesOf(size));
    },
    async (peer) => {
      peer.socket.send(Buffer.alloc(200 << 20));
      assert.equal((await peer.closed).code, 1009);
    },
  ];
  const results = [];
  const url = await serve(t, {perMessageDeflate: {threshold: 0}}, async (socket, {pathname, searchParams}) => {
    const peer = new Peer(socket);
    if (pathname === '/getCaseCount') socket.send(`${cases.length}`);
    if (pathname === '/runCase') {
      assert.equal(socket.extensions, 'permessage-deflate');
      results.push(await cases[searchParams.get('case') - 1](peer).then(() => 'ok', (error) => error));
    }
    if (!peer.end) await peer.expectClose(1000, '');
  });
  await outputOf('CONFORMANCE_CLIENT', [`--url=${url}`]);
  assert.deepEqual(results, cases.map(() => 'ok'));
});
