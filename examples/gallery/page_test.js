'use strict';
// The parts of the page that need no browser: the digests and the frame, in Node.js.

const assert = require('node:assert/strict');
const {test} = require('node:test');

const {modulesOf} = require('../page_modules.js');

const page = modulesOf(__dirname);
const bufferOf = (hex) => Uint8Array.from(Buffer.from(hex.replace(/\s/g, ''), 'hex')).buffer;

test('digests: the bytes of digest_test.cc', async () => {
  const {readDigest} = await page('digest.mjs');
  assert.deepEqual(readDigest(bufferOf('01 0000')), {type: 'cursors', count: 0, cursors: []});
  assert.deepEqual(readDigest(bufferOf('01 0100 0201 0080 ffff')),
    {type: 'cursors', count: 1, cursors: [{id: 0x102, x: 0.5, y: 65535 / 65536}]});
  assert.deepEqual(readDigest(bufferOf('02 05 00 ff  00 7f 7f  01 ff 00')), {
    type: 'world',
    bodies: [{kind: 5, x: 0, y: 1}, {kind: 1, x: 1, y: 0}],
    players: [{kind: 0, x: 127 / 255, y: 127 / 255}],
  });
  assert.equal(readDigest(bufferOf('63 01')), null, 'of a later server');
});

test('the frame of a short text', async () => {
  const {frameOf} = await page('frame.mjs');
  assert.equal(frameOf('Hello').join(' '), '81 05 48 65 6c 6c 6f');  // RFC 6455, section 5.7
  assert.equal(frameOf('ä').join(' '), '81 02 c3 a4');
});

test('people of a node that is silent have left, and a line is new once', async () => {
  const {Room, SILENCE} = await page('room.mjs');
  const room = new Room();
  room.tell('first', 2, 0);
  room.tell('second', 3, 100);
  room.tell('first', 1, 200);
  assert.equal(room.people(200), 4);
  assert.equal(room.people(100 + SILENCE), 1);
  assert.equal(room.people(200 + SILENCE), 0);
  room.tell('second', 3, 20_000);
  room.forgetPeople();
  assert.equal(room.people(20_000), 0);

  assert.ok(room.isNew('a'));
  assert.ok(!room.isNew('a'));
  for (let i = 0; i < 1000; ++i) assert.ok(room.isNew(`line ${i}`));
  assert.ok(!room.isNew('line 0'));
  assert.ok(room.isNew('a'), 'it was forgotten');
});

// A link, the sockets that it opened, and the waits that it has begun.
async function linkInWorld() {
  const {Link} = await page('link.mjs');
  const [sockets, waits, heard] = [[], [], []];
  const link = new Link('echo/', {
    message: (data) => heard.push(data), opened: () => heard.push('opened'), lost: () => heard.push('lost'),
  }, {
    open: () => {
      sockets.push({readyState: 0, close() { this.readyState = 2; }});
      return sockets.at(-1);
    },
    after: (milliseconds, task) => waits.push({milliseconds, task}),
    cancel: (timer) => { if (timer !== null) waits[timer - 1].task = null; },
    random: () => 1,
  });
  link.open();
  const lose = (code) => {
    sockets.at(-1).onclose({code});
    return waits.at(-1)?.milliseconds;
  };
  const wait = () => waits.at(-1).task?.();
  return {link, sockets, waits, heard, lose, wait};
}

test('a link waits longer after each failure, until the server has said something', async () => {
  const {link, sockets, heard, lose, wait} = await linkInWorld();
  for (const milliseconds of [500, 1000, 2000, 4000, 8000, 15_000, 15_000]) {
    assert.equal(lose(1006), milliseconds);
    link.open();  // as when the page is scrolled: it does not shorten the wait
    wait();
  }
  assert.equal(sockets.length, 8);
  sockets.at(-1).onopen();
  assert.equal(lose(1006), 15_000, 'the server has only accepted');
  wait();
  sockets.at(-1).onmessage({data: 'hello'});
  assert.equal(lose(1006), 500);
  assert.deepEqual(heard.slice(-3), ['lost', 'hello', 'lost']);
  wait();
  assert.equal(lose(1012), 4000, 'a restart: others return, too');
});

test('a link does not come back when it is not wanted, or when it was refused', async () => {
  const {link, sockets, waits, heard, lose, wait} = await linkInWorld();
  lose(1006);
  link.close();
  wait();
  assert.equal(sockets.length, 1);
  link.open();
  lose(1008);
  link.close();
  link.open();
  assert.equal(sockets.length, 2);
  assert.equal(waits.length, 1);
  assert.deepEqual(heard, ['lost', 'lost']);
});
