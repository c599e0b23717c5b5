'use strict';
// A server on npm's ws, for tests of our clients.

const {once} = require('node:events');
const {WebSocketServer} = require('ws');

// Resolves to the URL of a server on a free port, with these `options` of ws. It passes each connection to `talk`,
// and fails the test `t` if that throws.
async function serve(t, options, talk) {
  const server = new WebSocketServer({port: 0, host: '127.0.0.1', ...options});
  await once(server, 'listening');
  const talks = [];
  server.on('connection', (socket, request) => talks.push(talk(socket, new URL(request.url, 'ws://x'), request)));
  t.after(async () => {
    server.close();
    await Promise.all(talks);
  });
  return `ws://127.0.0.1:${server.address().port}`;
}

module.exports = {serve};
