'use strict';
// The commands of every JavaScript peer, as far as its library supports them:
//
//   serve --port=0                       echoes, until SIGTERM
//   exchange URL                         the exchange of websocket_cases.js with an echo server
//   cases --url=URL --agent=NAME         the cases of a conformance server
//
// with messages of up to --max_message_bytes. Compression is on if the library has it: ours decides whether it is
// used.

const {parseArgs} = require('node:util');

const {Peer, exchange} = require('../../websocket_cases.js');

// Cases that run in parallel: some only wait for this peer.
const AT_ONCE = 8;

// Echoes until the connection ends; then resolves.
function echo(socket) {
  socket.binaryType = 'arraybuffer';
  return new Promise((resolve) => {
    socket.addEventListener('message', ({data}) => socket.send(data));
    socket.addEventListener('close', resolve);
    socket.addEventListener('error', () => {});  // A close event follows.
  });
}

async function runCases(connect, url, agent) {
  const counter = await Peer.open(connect, `${url}/getCaseCount`);
  const count = Number(await counter.receive());
  await counter.closed;
  let next = 1;
  await Promise.all(Array.from({length: AT_ONCE}, async () => {
    while (next <= count) await echo(connect(`${url}/runCase?case=${next++}&agent=${agent}`));
  }));
  await echo(connect(`${url}/updateReports?agent=${agent}`));
}

// serve(port, maxMessageBytes) resolves to the port; connect(url, maxMessageBytes) returns a WebSocket with the
// interface of browsers.
async function main({serve, connect}) {
  const {positionals: [command, target], values} = parseArgs({
    allowPositionals: true,
    options: {
      agent: {type: 'string'},
      max_message_bytes: {type: 'string', default: '16777216'},
      port: {type: 'string', default: '0'},
      url: {type: 'string'},
    },
  });
  const maxMessageBytes = Number(values.max_message_bytes);
  // Also called with `new`, like the WebSocket of a browser.
  function connectTo(url) {
    return connect(url, maxMessageBytes);
  }
  if (command === 'serve') {
    process.on('SIGTERM', () => process.exit(0));
    console.log(`Server Listening on 127.0.0.1:${await serve(Number(values.port), maxMessageBytes)}`);
  } else if (command === 'exchange') {
    await exchange(connectTo, target);
  } else if (command === 'cases') {
    await runCases(connectTo, values.url, values.agent);
  } else {
    throw new Error(`what is '${command}'?`);
  }
}

module.exports = {echo, main};
