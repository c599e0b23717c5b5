'use strict';
// npm's undici, which provides Node.js's built-in WebSocket. It has no server.

const {WebSocket} = require('undici');

const {main} = require('./peer.js');

main({connect: (url) => new WebSocket(url)});
