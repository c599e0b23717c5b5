'use strict';
// npm's ws.

const {once} = require('node:events');
const {WebSocket, WebSocketServer} = require('ws');

const {echo, main} = require('./peer.js');

function options(maxMessageBytes) {
  return {maxPayload: maxMessageBytes, perMessageDeflate: {threshold: 0}};
}

main({
  async serve(port, maxMessageBytes) {
    const server = new WebSocketServer({host: '127.0.0.1', port, ...options(maxMessageBytes)});
    server.on('connection', echo);
    await once(server, 'listening');
    return server.address().port;
  },
  connect: (url, maxMessageBytes) => new WebSocket(url, options(maxMessageBytes)),
});
