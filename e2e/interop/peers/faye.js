'use strict';
// npm's faye-websocket, with its permessage-deflate.

const {once} = require('node:events');
const http = require('node:http');
const WebSocket = require('faye-websocket');
const deflate = require('permessage-deflate');

const {echo, main} = require('./peer.js');

function options(maxMessageBytes) {
  return {maxLength: maxMessageBytes, extensions: [deflate]};
}

// The interface of browsers: the library sends a Buffer as binary and everything else as text, and has no `wasClean`.
function adapt(socket) {
  const send = socket.send.bind(socket);
  socket.send = (data) => send(typeof data === 'string' ? data : Buffer.from(data));
  socket.addEventListener('close', (event) => event.wasClean = event.code !== 1006);
  return socket;
}

main({
  async serve(port, maxMessageBytes) {
    const server = http.createServer();
    server.on('upgrade', (request, socket, body) => {
      echo(adapt(new WebSocket(request, socket, body, [], options(maxMessageBytes))));
    });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return server.address().port;
  },
  connect: (url, maxMessageBytes) => adapt(new WebSocket.Client(url, [], options(maxMessageBytes))),
});
