'use strict';
// npm's websocket. It has no compression.

const {once} = require('node:events');
const http = require('node:http');
const {client: WebSocketClient, server: WebSocketServer} = require('websocket');

const {echo, main} = require('./peer.js');

function options(maxMessageBytes) {
  // Milliseconds; a connection with a slow peer must not be dropped.
  const patient = {closeTimeout: 60_000, keepalive: false};
  return {maxReceivedFrameSize: maxMessageBytes, maxReceivedMessageSize: maxMessageBytes, ...patient};
}

// The interface of browsers. The library's own class with that interface loses empty messages.
class Socket extends EventTarget {
  open(connection) {
    this.connection = connection;
    connection.on('message', ({type, utf8Data, binaryData}) => {
      this.tell('message', {data: type === 'utf8' ? utf8Data : binaryData});
    });
    connection.on('close', (code, reason) => this.tell('close', {code, reason, wasClean: code !== 1006}));
    connection.on('error', () => {});  // A close event follows.
    this.tell('open', {});
    return this;
  }

  tell(type, fields) {
    this.dispatchEvent(Object.assign(new Event(type), fields));
  }

  send(data) {
    if (typeof data === 'string') this.connection.sendUTF(data);
    else this.connection.sendBytes(Buffer.from(data));
  }

  close(code, reason) {
    this.connection.close(code, reason);
  }
}

main({
  async serve(port, maxMessageBytes) {
    const httpServer = http.createServer();
    const server = new WebSocketServer({httpServer, autoAcceptConnections: true, ...options(maxMessageBytes)});
    server.on('connect', (connection) => echo(new Socket().open(connection)));
    httpServer.listen(port, '127.0.0.1');
    await once(httpServer, 'listening');
    return httpServer.address().port;
  },
  connect(url, maxMessageBytes) {
    const client = new WebSocketClient(options(maxMessageBytes));
    const socket = new Socket();
    client.on('connect', (connection) => socket.open(connection));
    client.on('connectFailed', (error) => socket.tell('close', {code: 1006, reason: error.message, wasClean: false}));
    client.connect(url);
    return socket;
  },
});
