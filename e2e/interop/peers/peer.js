'use strict';
// What every JavaScript peer can be told to do. A peer gives what its library has: a server, a client, or both.
//
//   serve --port=0                       echoes, until SIGTERM
//   exchange URL                         the exchange of websocket_cases.js with an echo server
//   cases --url=URL --agent=NAME         the cases of a conformance server
//
// each with --compression=off, on or no_takeover, and --max_message_bytes=N.

const {parseArgs} = require('node:util');

const {Peer, exchange} = require('../../websocket_cases.js');

// Cases that run at once: some only wait for this peer.
const AT_ONCE = 8;

// Echoes until the end; resolves when that has come.
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

// serve(port, options) resolves to the port; connect(url, options) returns a WebSocket with the interface of browsers. The
// options are {compression, maxMessageBytes}.
async function main({serve, connect}) {
  const {positionals: [command, target], values} = parseArgs({
    allowPositionals: true,
    options: {
      agent: {type: 'string'},
      compression: {type: 'string', default: 'off'},
      max_message_bytes: {type: 'string', default: '16777216'},
      port: {type: 'string', default: '0'},
      url: {type: 'string'},
    },
  });
  const options = {compression: values.compression, maxMessageBytes: Number(values.max_message_bytes)};
  // Called with `new` as well, as the WebSocket of a browser is.
  function connectWith(url) {
    return connect(url, options);
  }
  if (command === 'serve') {
    process.on('SIGTERM', () => process.exit(0));
    console.log(`Server Listening on 127.0.0.1:${await serve(Number(values.port), options)}`);
  } else if (command === 'exchange') {
    await exchange(connectWith, target);
  } else if (command === 'cases') {
    await runCases(connectWith, values.url, values.agent);
  } else {
    throw new Error(`what is '${command}'?`);
  }
}

module.exports = {echo, main};
