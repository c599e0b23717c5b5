'use strict';
// npm's undici, the WebSocket that Node.js has built in. It has no server.

const {WebSocket} = require('undici');

const {main} = require('./peer.js');

main({connect: (url) => new WebSocket(url)});
