'use strict';
// The echo server with npm's undici, which provides Node.js's built-in WebSocket, as client.

const assert = require('node:assert/strict');
const {after, before, test} = require('node:test');
const {WebSocket} = require('undici');

const {startServer} = require('./program.js');
const {cases} = require('./websocket_cases.js');

let server;

before(async () => server = await startServer('ECHO_SERVER', ['--max_message_bytes=16777216']));
after(async () => assert.equal(await server.stop(), 0, 'exit code after SIGTERM'));

for (const [name, run] of Object.entries(cases)) {
  test(name, {timeout: 60_000}, () => run(WebSocket, server.url));
}
