'use strict';
// The events that a WebSocket with the interface of browsers must have with an echo server. The same cases run in
// Node.js, with ws and undici, and in a page, with the browser's own WebSocket.
(() => {
  const SIZES = [0, 1, 125, 126, 127, 65535, 65536, 16 << 20];

  // Exactly `size` bytes of UTF-8, of one to four bytes a character.
  function textOf(size) {
    const sample = 'Weft and Schuß, 織物 🧵 ';
    const sampleSize = new TextEncoder().encode(sample).length;
    return sample.repeat(Math.floor(size / sampleSize)) + '.'.repeat(size % sampleSize);
  }

  function bytesOf(size) {
    return Uint8Array.from({length: size}, (_, i) => (i * 31 + (i >> 8)) & 255);
  }

  function aThousand() {
    return Array.from({length: 1000}, (_, i) => i % 2 ? bytesOf(i) : `${i} ${textOf(i)}`);
  }

  function check(ok, what) {
    if (!ok) throw new Error(what);
  }

  function describe(data) {
    return typeof data === 'string' ? `text of ${data.length} characters` : `binary of ${data.byteLength} bytes`;
  }

  function sameData(a, b) {
    if (typeof a === 'string' || typeof b === 'string') return a === b;
    const [left, right] = [new Uint8Array(a), new Uint8Array(b)];
    return left.length === right.length && left.every((byte, i) => byte === right[i]);
  }

  // A WebSocket whose messages wait in a queue until they are read.
  class Peer {
    static async open(WebSocket, url) {
      const peer = new Peer(new WebSocket(url));
      await Promise.race([peer.opened, peer.closed.then((end) => {
        throw new Error(`closed with ${end.code} before it was open`);
      })]);
      return peer;
    }

    constructor(socket) {
      this.socket = socket;
      this.messages = [];
      this.wake = () => {};
      socket.binaryType = 'arraybuffer';
      socket.addEventListener('message', ({data}) => {
        this.messages.push(data);
        this.wake();
      });
      this.opened = new Promise((resolve) => socket.addEventListener('open', resolve));
      this.closed = new Promise((resolve) => socket.addEventListener('close', (event) => {
        const {code, reason, wasClean} = event;
        this.end = {code, reason, wasClean};
        this.wake();
        resolve(this.end);
      }));
      socket.addEventListener('error', () => {});  // A close event follows, which has the details.
    }

    async receive() {
      while (this.messages.length === 0) {
        check(!this.end, `closed with ${this.end?.code} while a message was awaited`);
        await new Promise((resolve) => this.wake = resolve);
      }
      return this.messages.shift();
    }

    async expectEcho(data) {
      this.socket.send(data);
      await this.expect(data);
    }

    // All are sent before the first is read.
    async expectEchoes(sent) {
      for (const data of sent) this.socket.send(data);
      for (const data of sent) await this.expect(data);
    }

    async expect(data) {
      const answer = await this.receive();
      check(sameData(answer, data), `sent ${describe(data)}, received ${describe(answer)} that differs from it`);
    }

    // Closes and expects the same code and reason in return.
    async expectClose(code, reason) {
      this.socket.close(code, reason);
      const end = await this.closed;
      check(end.wasClean && end.code === code && end.reason === reason,
            `closed with ${code} '${reason}', answered with ${JSON.stringify(end)}`);
    }
  }

  // name -> async function(WebSocket, url) that throws on an error
  const cases = {};

  for (const size of SIZES) {
    cases[`text of ${size} bytes`] = async (WebSocket, url) => {
      const peer = await Peer.open(WebSocket, url);
      await peer.expectEcho(textOf(size));
      await peer.expectClose(1000, '');
    };
    cases[`binary of ${size} bytes`] = async (WebSocket, url) => {
      const peer = await Peer.open(WebSocket, url);
      await peer.expectEcho(bytesOf(size));
      await peer.expectClose(1000, '');
    };
  }

  cases['a thousand messages at once come back in order, each of its kind'] = async (WebSocket, url) => {
    const peer = await Peer.open(WebSocket, url);
    await peer.expectEchoes(aThousand());
    await peer.expectClose(1000, '');
  };

  for (const [code, reason] of [[1000, 'done'], [3000, 'Schuß'], [4999, 'r'.repeat(123)]]) {
    cases[`close with ${code} and a reason of ${reason.length} characters`] = async (WebSocket, url) => {
      const peer = await Peer.open(WebSocket, url);
      await peer.expectClose(code, reason);
    };
  }

  cases['close without a code'] = async (WebSocket, url) => {
    const peer = await Peer.open(WebSocket, url);
    peer.socket.close();
    const end = await peer.closed;
    check(end.wasClean && end.code === 1005 && end.reason === '', `closed with ${JSON.stringify(end)}`);
  };

  cases['no subprotocol is chosen, every path is served'] = async (WebSocket, url) => {
    const peer = await Peer.open(WebSocket, `${url}/any/path?and=query`);
    check(peer.socket.protocol === '', `subprotocol '${peer.socket.protocol}'`);
    await peer.expectEcho('here');
    await peer.expectClose(1000, '');
  };

  // Everything on one connection, with 1 MiB instead of 16: the exchange of the interop matrix.
  async function exchange(WebSocket, url) {
    const peer = await Peer.open(WebSocket, url);
    for (const size of SIZES.map((size) => Math.min(size, 1 << 20))) {
      await peer.expectEcho(textOf(size));
      await peer.expectEcho(bytesOf(size));
    }
    await peer.expectEchoes(aThousand());
    await peer.expectClose(1000, 'done');
  }

  const exported = {Peer, SIZES, bytesOf, cases, exchange, textOf};
  if (typeof module === 'undefined') globalThis.websocketCases = exported;
  else module.exports = exported;
})();
