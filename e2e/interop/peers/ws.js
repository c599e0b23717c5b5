'use strict';
// npm's ws.

const {once} = require('node:events');
const {WebSocket, WebSocketServer} = require('ws');

const {echo, main} = require('./peer.js');

function libraryOptions({compression, maxMessageBytes}) {
  const noTakeover = compression === 'no_takeover';
  const deflate = {clientNoContextTakeover: noTakeover, serverNoContextTakeover: noTakeover, threshold: 0};
  return {maxPayload: maxMessageBytes, perMessageDeflate: compression === 'off' ? false : deflate};
}

main({
  async serve(port, options) {
    const server = new WebSocketServer({host: '127.0.0.1', port, ...libraryOptions(options)});
    server.on('connection', echo);
    await once(server, 'listening');
    return server.address().port;
  },
  connect: (url, options) => new WebSocket(url, libraryOptions(options)),
});
