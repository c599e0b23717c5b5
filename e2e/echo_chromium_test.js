'use strict';
// The echo server with headless Chromium: the cases of websocket_cases.js on the browser's own WebSocket, and
// examples/echo/index.html as a user sees it, opened from disk.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const {after, before, test} = require('node:test');
const {pathToFileURL} = require('node:url');

const {assertAccessible, launchChromium, openPage, screenshot} = require('./chromium.js');
const {startServer} = require('./program.js');
const {cases} = require('./websocket_cases.js');

const LIMIT = {timeout: 120_000};
const PAGE_FILE = path.resolve(process.env.ECHO_PAGE);
const PAGE_URL = pathToFileURL(PAGE_FILE).href;

let server;
let browser;

before(async () => {
  // "null" is the Origin of a page from disk.
  server = await startServer('ECHO_SERVER', ['--allow_origin=null', '--max_message_bytes=16777216']);
  browser = await launchChromium();
});

after(async () => {
  await browser?.close();
  assert.equal(await server.stop(), 0, 'exit code after SIGTERM');
});

// A page of examples/echo, a new one for each test.
function open(t, {url = PAGE_URL, ...window} = {}) {
  return openPage(t, browser, url, {width: 960, height: 640, expected: /^WebSocket connection to .* failed/, ...window});
}

async function connect(page) {
  await page.fill('#url', server.url);
  await page.click('#connect');
  await waitForLog(page, ['CONNECTED', server.url], ['SENT', 'WebSocket rocks'], ['RECEIVED', 'WebSocket rocks']);
}

async function say(page, text) {
  await page.fill('#text', text);
  await page.press('#text', 'Enter');
}

// Waits until the log has this number of lines, and compares their kind and text.
async function waitForLog(page, ...lines) {
  await page.waitForFunction((count) => document.querySelectorAll('#log li').length >= count, lines.length);
  assert.deepEqual(await page.$$eval('#log li', (items) => items.map((item) => [
    item.querySelector('b').textContent, item.querySelector('q').textContent,
  ])), lines);
}


for (const name of Object.keys(cases)) {
  test(name, LIMIT, async (t) => {
    const page = await open(t);
    await page.addScriptTag({path: path.join(__dirname, 'websocket_cases.js')});
    await page.evaluate(([name, url]) => websocketCases.cases[name](WebSocket, url), [name, server.url]);
  });
}

// The cases above are compressed, too: Chromium offers it, and the server accepts.
for (const mode of ['on', 'no_takeover', 'off']) {
  test(`compression ${mode}`, LIMIT, async (t) => {
    const other = await startServer('ECHO_SERVER', ['--allow_origin=null', `--compression=${mode}`]);
    t.after(() => other.stop());
    const page = await open(t);
    await page.addScriptTag({path: path.join(__dirname, 'websocket_cases.js')});
    const extensions = await page.evaluate(async (url) => {
      const {Peer, textOf} = websocketCases;
      const peer = await Peer.open(WebSocket, url);
      const sent = Array.from({length: 500}, (_, i) => JSON.stringify({user: i % 7, text: textOf(i * 5)}));
      await peer.expectEchoes(sent);
      await peer.expectClose(1000, '');
      return peer.socket.extensions;
    }, other.url);
    assert.equal(extensions, {
      on: 'permessage-deflate; server_max_window_bits=12; client_max_window_bits=12',
      no_takeover: 'permessage-deflate; server_no_context_takeover; client_no_context_takeover',
      off: '',
    }[mode]);
  });
}

test('the page: RS46, connect, talk, disconnect', LIMIT, async (t) => {
  const page = await open(t);
  assert.equal(await page.inputValue('#url'), 'ws://127.0.0.1:8080');
  assert.equal(await page.textContent('#state'), 'disconnected');
  assert.ok(await page.isDisabled('#text'));
  await assertAccessible(page);

  await connect(page);
  assert.equal(await page.textContent('#state'), 'connected');
  await say(page, 'Schuß und Kette, нити, νήματα');
  const log = [
    ['CONNECTED', server.url], ['SENT', 'WebSocket rocks'], ['RECEIVED', 'WebSocket rocks'],
    ['SENT', 'Schuß und Kette, нити, νήματα'], ['RECEIVED', 'Schuß und Kette, нити, νήματα'],
  ];
  await waitForLog(page, ...log);
  for (const roundTrip of await page.$$eval('.RECEIVED small', (notes) => notes.map((note) => note.textContent))) {
    assert.match(roundTrip, /^\d+\.\d ms$/);
  }
  await screenshot(page, 'echo_light');

  await page.click('#connect');
  await waitForLog(page, ...log, ['DISCONNECTED', '1000, the user left']);
  assert.equal(await page.textContent('#state'), 'disconnected');
  assert.ok(await page.isDisabled('#text'));
});

// It may connect because it has the same origin.
test('the page, as the server itself shows it', LIMIT, async (t) => {
  const own = await startServer('ECHO_SERVER', []);
  t.after(() => own.stop());
  const page = await open(t, {url: own.url.replace(/^ws/, 'http')});
  assert.equal(await page.inputValue('#url'), own.url);
  await page.click('#connect');
  await waitForLog(page, ['CONNECTED', own.url], ['SENT', 'WebSocket rocks'], ['RECEIVED', 'WebSocket rocks']);

  // The page does not suggest allowing the origin that is always allowed.
  assert.equal(await own.stop(), 0);
  await page.waitForSelector('.DISCONNECTED');
  await page.click('#connect');
  await page.waitForFunction(() => document.querySelectorAll('.DISCONNECTED').length === 2);
  assert.equal(await page.textContent('.DISCONNECTED:last-child q'), '1006, never connected. Is the server running?');
});

test('the page: what others send is text, never HTML', LIMIT, async (t) => {
  const page = await open(t, {colorScheme: 'dark'});
  await connect(page);
  const text = '<img src=x onerror="throw 1"><b>bold</b><script>throw 2</script>';
  await say(page, text);
  await page.waitForFunction(() => document.querySelectorAll('.RECEIVED').length === 2);
  assert.equal(await page.textContent('.RECEIVED:last-child q'), text);
  assert.equal(await page.$$eval('#log :is(img, script, b b, q *)', (found) => found.length), 0);
  await screenshot(page, 'echo_dark');
});

test('the page: fits a phone', LIMIT, async (t) => {
  const page = await open(t, {width: 360, height: 640});
  await connect(page);
  await say(page, 'A message that is too long for one line of so narrow a screen, and ' + 'x'.repeat(100));
  await page.waitForFunction(() => document.querySelectorAll('.RECEIVED').length === 2);
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'it scrolls sideways');
  await assertAccessible(page);
  await screenshot(page, 'echo_phone');
});

test('the page: the server ends', LIMIT, async (t) => {
  const other = await startServer('ECHO_SERVER', ['--allow_origin=null']);
  t.after(() => other.stop());
  const page = await open(t);
  await page.fill('#url', other.url);
  await page.click('#connect');
  await page.waitForSelector('.RECEIVED');
  assert.equal(await other.stop(), 0);
  await page.waitForSelector('.DISCONNECTED');
  assert.match(await page.textContent('.DISCONNECTED q'), /^1001\b/);
  assert.equal(await page.evaluate(() => document.activeElement.id), 'connect', 'the focus is not lost with the message box');
  assert.equal(await page.textContent('#state'), 'disconnected');
});

test('the page: it is not told to allow its own origin', LIMIT, async (t) => {
  const other = await startServer('ECHO_SERVER');
  t.after(() => other.stop());
  const page = await open(t, {url: other.url.replace(/^ws/, 'http')});
  await other.stop();
  await page.click('#connect');
  await page.waitForSelector('.DISCONNECTED');
  assert.equal(await page.textContent('.DISCONNECTED q'), '1006, never connected. Is the server running?');
});

test('R20: a page of another origin is refused', LIMIT, async (t) => {
  const site = http.createServer((_, response) => {
    response.setHeader('Content-Type', 'text/html');
    response.end(fs.readFileSync(PAGE_FILE));
  });
  await new Promise((resolve) => site.listen(0, '127.0.0.1', resolve));
  t.after(() => site.close());
  const page = await open(t, {url: `http://127.0.0.1:${site.address().port}/`});
  await page.fill('#url', server.url);
  await page.click('#connect');
  await page.waitForSelector('.DISCONNECTED');
  assert.match(await page.textContent('.DISCONNECTED q'), /^1006, never connected.*\n--allow_origin=http:\/\/127\.0\.0\.1:\d+ \?$/);
  assert.equal(await page.$('.CONNECTED'), null);
  await assertAccessible(page);
  await screenshot(page, 'echo_refused');
});
