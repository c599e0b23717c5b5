// An echo server on npm's ws, with Node.js.

const { WebSocketServer } = require('ws');
const { version } = require('ws/package.json');

const server = new WebSocketServer({
  host: '127.0.0.1',
  port: Number(process.argv[2] ?? 0),
  backlog: 4096,
  maxPayload: 32 << 20,
  perMessageDeflate: false,
});
server.on('connection', (socket) => {
  socket.on('error', () => {});
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
});
server.on('listening', () =>
  console.log(`ws ${version} on Node.js ${process.versions.node}, on 127.0.0.1:${server.address().port}`));
