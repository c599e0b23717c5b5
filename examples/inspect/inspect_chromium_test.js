'use strict';
// The page in headless Chromium, as a learner uses it.

const assert = require('node:assert/strict');
const {after, before, test} = require('node:test');
const {once} = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const WebSocket = require('ws');

const {assertAccessible, launchChromium, openPage, screenshot} = require('../../e2e/chromium.js');
const {startServer} = require('../../e2e/program.js');

const LIMIT = {timeout: 120_000};

let server;
let browser;

before(async () => {
  server = await startServer('INSPECT_SERVER');
  browser = await launchChromium();
});

after(async () => {
  await browser?.close();
  assert.equal(await server.stop(), 0, 'exit code after SIGTERM');
});

// The page, connected.
async function open(t, view, {at = server, ...window} = {}) {
  const url = `${at.url.replace('ws:', 'http:')}/#${view}`;
  const page = await openPage(t, browser, url, {width: 1000, height: 900, ...window});
  await page.waitForSelector('#state.connected');
  return page;
}

async function assertFits(page) {
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'it scrolls sideways');
}

// The texts of all matching elements.
const texts = (page, selector) => page.$$eval(selector, (found) => found.map((element) => element.textContent));
const bytes = (page) => page.inputValue('#hex');

// Chooses a view, and waits until it is shown: the page learns of a new address after the click.
async function choose(page, view) {
  await page.click(`nav a[href="#${view}"]`);
  await page.waitForSelector(`nav a[href="#${view}"][aria-current=page]`);
}

// Waits until the bytes have been decoded: earlier input is answered earlier.
async function waitForSize(page, size) {
  await page.waitForFunction((size) => document.querySelector('#size').textContent === size, size);
}

test('a message becomes bytes, each bit of them named', LIMIT, async (t) => {
  const page = await open(t, 'message', {height: 1300});
  await page.fill('[name=key]', '37 fa 21 3d');
  await page.fill('[name=text]', '');
  await page.type('[name=text]', 'Hello, wire');
  await waitForSize(page, '17 bytes');
  assert.equal(await bytes(page), '81 8b 37 fa 21 3d 7f 9f 4d 51 58 d6 01 4a 5e 88 44');
  assert.deepEqual(await texts(page, '.fields th'),
      ['FIN', 'RSV1', 'RSV2', 'RSV3', 'opcode', 'MASK', 'length', 'masking key', 'payload']);
  assert.deepEqual((await texts(page, '.fields td:nth-child(2)')).slice(4), ['0x1', '1', '11', '37 fa 21 3d', '11 bytes']);
  assert.deepEqual((await texts(page, '.box b')).slice(0, 8), ['1', '0', '0', '0', '0001', '1', '0001011', '37 fa']);
  assert.equal((await texts(page, '.plain')).join(' '), '48 65 6c 6c 6f 2c 20 77 69 72 65');
  assert.equal(await page.textContent('.says'), 'Hello, wire');

  // A field is highlighted in the diagram and in the table, by the mouse and by the keyboard.
  await page.hover('.box.opcode');
  assert.deepEqual(await texts(page, '.fields .lit th'), ['opcode']);
  await page.focus('.fields tr:nth-child(8)');
  assert.deepEqual(await texts(page, '.box.lit b'), ['37 fa', '21 3d']);
  await page.mouse.move(0, 0);
  await screenshot(page, 'inspect_message');
  await page.emulateMedia({colorScheme: 'dark', reducedMotion: 'reduce'});
  await screenshot(page, 'inspect_message_dark');
  await page.emulateMedia({colorScheme: 'light', reducedMotion: null});
  await assertAccessible(page);
});

test('who changes the bytes sees which rule breaks', LIMIT, async (t) => {
  const page = await open(t, 'message');
  await waitForSize(page, '11 bytes');
  await page.fill('#hex', '81 05 48 65 6c 6c 6f');
  await waitForSize(page, '7 bytes');
  assert.match(await page.textContent('.violation'), /a client must mask every frame\. § 5\.1.* 1002, protocol error/);
  assert.equal(await page.textContent('#verdict'), '1 frame, frame 1 is broken: a client must mask every frame');

  await page.fill('#hex', '81 0');
  await page.waitForSelector('#error:not([hidden])');
  assert.equal(await page.textContent('#error'), 'A byte has two hex digits, but the last one has only one.');
  await assertAccessible(page);
  assert.equal(await page.textContent('#size'), 'No bytes');  // and not the earlier ones
  await page.fill('#hex', '81 05 4g');
  await page.waitForFunction(() => document.querySelector('#error').textContent === 'Character 8, "g", is not a hex digit.');

  for (const name of await texts(page, '.chip.bad')) {
    await page.click(`.chip.bad:text-is("${name}")`);
    await page.waitForSelector('#error', {state: 'hidden'});
    await page.waitForSelector('.violation');
  }
  await page.click('.chip:text-is("not UTF-8")');
  await page.waitForFunction(() => document.querySelector('.violation').textContent.includes('the text is not UTF-8'));
  await assertAccessible(page);
});

test('the form says what the bytes are, or that it does not', LIMIT, async (t) => {
  const page = await open(t, 'message');
  await waitForSize(page, '11 bytes');
  const composed = async () => await page.textContent('#stale') === '';
  const form = () => page.$eval('#composer', ({elements}) => Object.fromEntries([...elements].filter(({name}) => name).map(
      ({name, type, value, checked}) => [name, type === 'checkbox' ? checked : value])));
  const start = await form();

  for (const [name, hex, ...more] of [
    ['RFC 6455, Hello', '81 05 48 65 6c 6c 6f', {sender: 'server'}],
    ['RFC 6455, masked', '81 85 37 fa 21 3d 7f 9f 4d 51 58', {key: '37 fa 21 3d'}],
    ['two fragments', '01 03 48 65 6c 80 02 6c 6f', {sender: 'server', fragment: '3'}],
    ['compressed', 'c1 07 f2 48 cd c9 c9 07 00 c1 05 f2 00 11 00 00', {sender: 'server', compress: true, times: '2'}],
  ]) {
    await page.fill('[name=text]', 'something else');
    await page.click(`.chip:text-is("${name}")`);
    await page.waitForFunction((hex) => document.querySelector('#hex').value === hex, hex);
    assert.deepEqual(await form(), {...start, ...more[0]}, name);
    assert.ok(await composed(), name);
  }

  // For bytes that the form cannot compose it says so, and shows how they are read.
  await page.click('.chip:text-is("a ping in two")');
  await page.waitForSelector('.violation');
  assert.match(await page.textContent('#stale'), /^The bytes below were not composed from this message;/);
  const {sender, compress} = await form();
  assert.deepEqual({sender, compress}, {sender: 'server', compress: false});
  await page.selectOption('[name=sender]', 'client');
  await page.waitForSelector('.tag.client');
  assert.equal(await bytes(page), '09 02 48 65 80 03 6c 6c 6f');
  assert.equal(await composed(), false);
  await assertAccessible(page);
  await screenshot(page, 'inspect_stale');
  await page.click('#stale button');
  await waitForSize(page, '22 bytes');
  assert.ok(await composed());
  assert.equal(await page.textContent('#verdict'), '2 frames, no rule broken');

  await page.press('#hex', 'Backspace');
  await page.waitForSelector('#error:not([hidden])');
  assert.equal(await composed(), false);
  await page.fill('[name=times]', '1');
  await waitForSize(page, '11 bytes');
  assert.ok(await composed());
  await page.fill('[name=key]', '37');
  await page.waitForSelector('#error:not([hidden])');
  assert.equal(await bytes(page), '', 'no bytes are shown that were not made from it');
});

test('an address that names no view shows the first one', LIMIT, async (t) => {
  const page = await open(t, 'frames');
  assert.ok(await page.isVisible('#composer'));
  await choose(page, 'handshake');
  assert.deepEqual(await texts(page, 'nav [aria-current=page]'), ['The handshake']);
  await page.evaluate(() => { location.hash = '#nothing'; });
  await page.waitForSelector('#composer', {state: 'visible'});
  assert.deepEqual(await texts(page, 'nav [aria-current=page]'), ['A message']);
});

test('a link to a frame shows its bytes', LIMIT, async (t) => {
  const page = await open(t, 'frame=810548656c6c6f');
  await waitForSize(page, '7 bytes');
  assert.equal(await bytes(page), '81 05 48 65 6c 6c 6f');
  assert.deepEqual(await texts(page, 'nav [aria-current=page]'), ['A message']);
  assert.equal(await page.inputValue('[name=sender]'), 'server');
  assert.equal(await page.textContent('#verdict'), '1 frame, no rule broken');
  assert.match(await page.textContent('#stale'), /^The bytes below were not composed from this message;/);
  await assertAccessible(page);

  // The sender is known by the mask, unless the link names it.
  const follow = (link) => page.evaluate((link) => { location.hash = link; }, link);
  await follow('frame=818537fa213d7f9f4d5158');
  await waitForSize(page, '11 bytes');
  assert.equal(await page.inputValue('[name=sender]'), 'client');
  assert.equal(await page.textContent('#verdict'), '1 frame, no rule broken');
  await follow('frame=81%2005%2048656c6c6f&from=client');
  await waitForSize(page, '7 bytes');
  assert.equal(await page.textContent('#verdict'), '1 frame, frame 1 is broken: a client must mask every frame');

  await follow('frame=8105zz');
  await page.waitForSelector('#error:not([hidden])');
  assert.equal(await page.textContent('#error'), 'Character 7, "z", is not a hex digit.');
  await follow('frame=81050');
  await page.waitForFunction(() => /has only one\.$/.test(document.querySelector('#error').textContent));

  // The form works as before.
  await page.fill('[name=text]', 'Hello!');
  await waitForSize(page, '8 bytes');
});

test('no name of a field is cut off in the diagram', LIMIT, async (t) => {
  const page = await open(t, 'message');
  for (const width of [1280, 1000, 990, 720, 700, 360, 320]) {
    await page.setViewportSize({width, height: 900});
    await page.click('.chip:text-is("RFC 6455, masked")');
    await waitForSize(page, '11 bytes');
    assert.deepEqual(await page.$$eval('.box small', (names) => names.filter((name) => {
      const [inner, outer] = [name, name.parentElement].map((element) => element.getBoundingClientRect());
      return inner.width > 0 && (inner.left < outer.left || inner.right > outer.right || inner.bottom > outer.bottom);
    }).map(({textContent}) => textContent)), [], `${width} pixels wide`);
  }
});

test('compression before and after, and what the context is worth', LIMIT, async (t) => {
  const page = await open(t, 'message', {colorScheme: 'dark'});
  await page.selectOption('[name=sender]', 'server');
  await page.fill('[name=text]', 'over and over and over and over again');
  await page.check('[name=compress]');
  await page.fill('[name=times]', '2');
  await page.waitForFunction(() => document.querySelectorAll('.compression').length === 2);
  const after = async () => (await texts(page, '.measure:nth-of-type(2) b')).map((text) => parseInt(text));
  const [first, second] = await after();
  assert.ok(first < 37 && second < first, `${first} and then ${second} bytes`);
  assert.deepEqual(await texts(page, 'del'), ['00 00 ff ff', '00 00 ff ff']);
  await screenshot(page, 'inspect_dark');
  await assertAccessible(page);

  await page.uncheck('[name=takeover]');
  await page.waitForFunction((first) => {
    const sizes = [...document.querySelectorAll('.measure:nth-of-type(2) b')];
    return sizes.length === 2 && sizes.every(({textContent}) => parseInt(textContent) === first);
  }, first);
});

test('the handshake of this very page, and one that is changed', LIMIT, async (t) => {
  const page = await open(t, 'handshake');
  await page.waitForSelector('.steps code');
  const request = await page.inputValue('#request');
  assert.match(request, /^GET \/wire HTTP\/1\.1\nHost: 127\.0\.0\.1:/);
  const key = request.match(/Sec-WebSocket-Key: (.*)/)[1];
  assert.equal((await texts(page, '.steps code'))[1], `${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
  await page.fill('#request', request.replace(key, 'dGhlIHNhbXBsZSBub25jZQ=='));
  await page.waitForFunction(() => document.querySelector('.steps li:last-child code').textContent === 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
  assert.ok((await texts(page, '#responseLines code')).includes('Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo='));
  await screenshot(page, 'inspect_handshake');

  await page.fill('#request', request.replace('Sec-WebSocket-Version: 13', 'Sec-WebSocket-Version: 12'));
  await page.waitForSelector('#refusal:not([hidden])');
  assert.equal(await page.textContent('#refusal'), 'Refused: this server speaks Sec-WebSocket-Version 13, not "12".');
  await assertAccessible(page);
});

// A tap between npm's ws and the echo server, and to a second server. With --cert its clients need wss://.
async function startTap(t, ...args) {
  const echo = await startServer('ECHO_SERVER', ['--compression=on', '--allow_origin=*']);
  t.after(() => echo.stop());
  const tap = await startServer('INSPECT_SERVER', [`--forward=${echo.url},ws://127.0.0.1:1`, '--tap_port=0', ...args]);
  t.after(async () => assert.equal(await tap.stop(), 0, 'exit code after SIGTERM'));
  return tap;
}

test('the tap: both directions live, and a broken frame with its rule', LIMIT, async (t) => {
  const tap = await startTap(t);
  const page = await open(t, 'tap', {at: tap});
  await page.waitForSelector('#tapView:not([hidden])');
  const client = new WebSocket(await page.textContent('#tapConnect'));
  await once(client, 'open');
  client.send('Hello, tap');
  const [echo] = await once(client, 'message');
  assert.equal(echo.toString(), 'Hello, tap');
  client.send(JSON.stringify({op: 'subscribe', topics: ['prices', 'prices of prices', 'prices of prices of prices']}));
  await once(client, 'message');
  // RSV3, which must not be set: it reaches the server, which answers with an error.
  client._socket.write(Buffer.from('918537fa213d7f9f4d5158', 'hex'));
  const [code] = await once(client, 'close');
  assert.equal(code, 1002);

  await page.waitForSelector('.entry.bad');
  await page.waitForFunction(() => document.querySelectorAll('.entry b').length >= 6);
  const rows = await page.$$eval('.entry', (entries) => entries.map((entry) => [
    entry.querySelector('.way').textContent, entry.querySelector('b')?.textContent, entry.querySelector('q').textContent,
  ].filter(Boolean).join(' ')));
  assert.deepEqual(rows.slice(1, 5), ['→ GET / HTTP/1.1', '← HTTP/1.1 101 Switching Protocols', '→ text Hello, tap', '← text Hello, tap']);
  assert.equal(await page.textContent('.entry.bad strong'),
      'a reserved bit is set that no extension uses (RFC 6455, section 5.2)');
  assert.ok(rows.some((row) => row.startsWith('← close 1002')), rows.join('\n'));

  // The list takes all the space, until a frame is shown below it.
  const bottom = (selector) => page.$eval(selector, (element) => element.getBoundingClientRect().bottom);
  assert.ok(await bottom('#tapList') > 800, `of 900 pixels: ${await bottom('#tapList')}`);
  await page.click('.entry.bad');
  await page.waitForSelector('#tapDetail .violation');
  assert.match(await page.textContent('#tapDetail .violation'), /a reserved bit is set/);
  await page.click('.entry:has(small:text-is("compressed"))');
  await page.waitForSelector('#tapDetail .compression');
  await page.click('.entry.bad');
  await page.waitForSelector('#tapDetail .violation');
  await screenshot(page, 'inspect_tap');
  await page.emulateMedia({colorScheme: 'dark', reducedMotion: 'reduce'});
  await screenshot(page, 'inspect_tap_dark');
  await page.emulateMedia({colorScheme: 'light', reducedMotion: null});
  await assertAccessible(page);

  // With the keyboard: the list is one tab stop, in which the arrow keys move.
  const focused = () => page.evaluate(() => document.activeElement.closest('.entry')?.dataset.id);
  const ids = await page.$$eval('.entry', (entries) => entries.map(({dataset}) => dataset.id));
  const selected = ids.indexOf(await page.getAttribute('[aria-selected=true]', 'data-id'));
  await page.focus('#tapClear');
  await page.keyboard.press('Tab');
  assert.equal(await focused(), ids[selected]);
  for (const [key, at] of [['ArrowUp', selected - 1], ['Home', 0], ['ArrowUp', 0], ['End', ids.length - 1], ['Home', 0], ['ArrowDown', 1]]) {
    await page.keyboard.press(key);
    assert.equal(await focused(), ids[at], key);
  }
  await page.keyboard.press('Space');
  assert.equal(await page.getAttribute('[aria-selected=true]', 'data-id'), ids[1]);
  await page.waitForSelector('#tapDetail h2:text("the handshake")');
  await page.keyboard.press('Tab');
  assert.equal(await focused(), undefined);

  await page.check('#tapFilter [name=broken]');
  await page.waitForFunction(() => document.querySelectorAll('.entry').length === 1);
  await page.uncheck('#tapFilter [name=broken]');
  await page.uncheck('#tapFilter [name=server]');
  await page.fill('#tapFilter [name=words]', 'hello');
  await page.waitForFunction(() => document.querySelectorAll('.entry').length === 2);  // RSV3 said Hello, too
});

test('the tap: who comes later sees what was, and a pause holds the list still', LIMIT, async (t) => {
  const tap = await startTap(t);
  const first = await open(t, 'tap', {at: tap});
  await first.waitForSelector('#tapView:not([hidden])');
  const client = new WebSocket(await first.textContent('#tapConnect'));
  await once(client, 'open');
  client.ping('early');
  await once(client, 'pong');

  const later = await open(t, 'tap', {at: tap, width: 360, height: 740, colorScheme: 'dark'});
  await later.waitForFunction(() => document.querySelectorAll('.entry b').length === 2);
  await later.click('#tapPause');
  client.send('unseen');
  await once(client, 'message');
  await later.waitForFunction(() => document.querySelector('#tapPause').textContent === 'Resume, 2 more');
  assert.equal(await later.$$eval('.entry b', (found) => found.length), 2);
  await later.click('#tapPause');
  await later.waitForFunction(() => document.querySelectorAll('.entry b').length === 4);
  await assertFits(later);
  await screenshot(later, 'inspect_tap_phone');
  client.close();
  await once(client, 'close');
});

test('the tap: a page follows its own WebSocket by one copied URL', LIMIT, async (t) => {
  const tap = await startTap(t);
  const page = await open(t, 'tap', {at: tap});
  await page.click('#tapPage summary');
  const target = new URL('/chat?a=1&b=2', await page.inputValue('#tapTo')).href;
  await page.fill('#tapTo', target);
  const url = await page.inputValue('#tapUrl');
  assert.equal(url, `${new URL(await page.textContent('#tapConnect')).origin}/?to=${target.split('?')[0]}%3Fa%3D1%26b%3D2`);
  await page.click('#tapCopy');
  await page.waitForFunction(() => document.querySelector('#tapProblem').textContent === 'Copied.');
  await assertAccessible(page);
  await screenshot(page, 'inspect_tap_url');

  // A page of another server of this machine, whose WebSocket has this URL: a browser's own connection.
  const site = http.createServer((_, response) => response.setHeader('Content-Type', 'text/html').end('<!DOCTYPE html><title>A page</title>'));
  site.listen(0, '127.0.0.1');
  t.after(() => site.close());
  await once(site, 'listening');
  const own = await openPage(t, browser, `http://localhost:${site.address().port}/`, {width: 800, height: 600});
  assert.equal(await own.evaluate((url) => new Promise((resolve) => {
    const socket = new WebSocket(url);
    socket.onopen = () => socket.send('from the page');
    socket.onmessage = ({data}) => resolve(data);
    socket.onerror = () => resolve('error');
  }), url), 'from the page');
  await page.waitForFunction(() => document.querySelectorAll('.entry b').length >= 2);
  assert.ok((await texts(page, '.entry q')).includes('GET /chat?a=1&b=2 HTTP/1.1'));

  // Other sites' pages, and other servers.
  for (const [at, origin] of [[await page.inputValue('#tapUrl'), 'https://evil.example'], [`${url.split('?')[0]}?to=ws://10.0.0.1/`, undefined]]) {
    const [, response] = await once(new WebSocket(at, {origin}).on('error', () => {}), 'unexpected-response');
    assert.equal(response.statusCode, 403);
  }
  await page.fill('#tapTo', 'ws://10.0.0.1/');
  assert.match(await page.textContent('#tapProblem'), /^The tap may not connect there\. Start it with --forward=ws:.*,ws:\/\/10\.0\.0\.1$/);
  assert.equal(await page.inputValue('#tapUrl'), '');
  assert.ok(await page.isDisabled('#tapCopy'));
  await page.fill('#tapTo', 'example');
  assert.match(await page.textContent('#tapProblem'), /^Type the URL of a WebSocket/);
});

test('the tap: a frame is shown while it arrives', LIMIT, async (t) => {
  const tap = await startTap(t);
  const page = await open(t, 'tap', {at: tap});
  const client = new WebSocket(await page.textContent('#tapConnect'));
  await once(client, 'open');
  // The header of a masked text of 1,000,000 bytes, and the first 250,000.
  client._socket.write(Buffer.concat([Buffer.from('81ff00000000000f424000000000', 'hex'), Buffer.alloc(250_000, 'x')]));
  await page.waitForFunction(() => document.querySelector('#tapArriving .size')?.textContent === '250,000 of 1,000,000 bytes');
  assert.equal(await page.$eval('#tapArriving progress', ({value, max}) => value / max), 0.25);
  await screenshot(page, 'inspect_arriving');
  await assertAccessible(page);
  client._socket.write(Buffer.alloc(750_000, 'x'));
  await page.waitForFunction(() => document.querySelectorAll('.entry b').length >= 1);
  await page.waitForSelector('#tapArriving li', {state: 'detached'});

  // A frame that never becomes complete is gone with its connection.
  const other = new WebSocket(await page.textContent('#tapConnect'));
  await once(other, 'open');
  other._socket.write(Buffer.from('81fe0100', 'hex'));
  other._socket.write(Buffer.from('0000000078', 'hex'));
  await page.waitForSelector('#tapArriving li');
  other.terminate();
  await page.waitForSelector('#tapArriving li', {state: 'detached'});
  client.terminate();
});

test('the tap: its clients may need TLS', LIMIT, async (t) => {
  const tap = await startTap(t, `--cert=${process.env.SERVER_PEM}`, `--key=${process.env.SERVER_KEY}`);
  const page = await open(t, 'tap', {at: tap});
  const url = new URL(await page.textContent('#tapConnect'));
  assert.equal(url.protocol, 'wss:');
  url.hostname = 'localhost';
  const client = new WebSocket(url, {ca: fs.readFileSync(process.env.TEST_CA)});
  await once(client, 'open');
  client.send('over TLS');
  await once(client, 'message');
  await page.waitForFunction(() => [...document.querySelectorAll('.entry q')].some(({textContent}) => textContent === 'over TLS'));
  client.terminate();
});

test('fits a phone', LIMIT, async (t) => {
  const page = await open(t, 'message', {width: 360, height: 800});
  await waitForSize(page, '11 bytes');
  assert.equal(await page.$eval('.diagram', (diagram) => getComputedStyle(diagram).gridTemplateColumns.split(' ').length), 16);
  await assertFits(page);
  await page.$eval('#frames', (frames) => frames.scrollIntoView());
  await screenshot(page, 'inspect_phone');
  for (const view of ['handshake', 'tap']) {
    await choose(page, view);
    await assertAccessible(page);
  }
  assert.equal((await page.textContent('#tapHow pre')).match(/^\.\/bazelw run /gm).length, 2);
});
