'use strict';
// The echo server with headless Chromium: the cases of websocket_cases.js on the browser's own WebSocket, and the page of
// examples/echo as a user sees it.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const {after, before, test} = require('node:test');

const {assertAccessible, launchChromium, openPage, screenshot} = require('./chromium.js');
const {startServer} = require('./program.js');
const {cases} = require('./websocket_cases.js');

const LIMIT = {timeout: 120_000};
const CASES = fs.readFileSync(path.join(__dirname, 'websocket_cases.js'), 'utf8');

let server;
let browser;

before(async () => {
  server = await startServer('ECHO_SERVER', ['--max_message_bytes=16777216']);
  browser = await launchChromium();
});

after(async () => {
  await browser?.close();
  assert.equal(await server.stop(), 0, 'exit code after SIGTERM');
});

const pageOf = ({url}) => url.replace('ws:', 'http:') + '/';

// A server that the test stops, or that is stopped at its end.
async function startOther(t, args = []) {
  const other = await startServer('ECHO_SERVER', args);
  t.after(() => other.stop());
  return other;
}

// The page of a server, a new one for each test, when it is connected.
async function open(t, {from = server, ...window} = {}) {
  const page = await openPage(t, browser, pageOf(from), {
    width: 760, height: 640, expected: /^WebSocket connection to .* failed/, ...window,
  });
  await page.waitForSelector('#state.connected');
  return page;
}

async function say(page, text) {
  const before = await page.$$eval('.echoed', (items) => items.length);
  await page.fill('#text', text);
  await page.press('#text', 'Enter');
  await page.waitForFunction((before) => document.querySelectorAll('.echoed').length > before, before);
}

async function connectTo(page, url) {
  await page.click('summary');
  await page.click('#connect');
  await page.waitForSelector('#state.disconnected');
  await page.fill('#url', url);
  await page.click('#connect');
}

// Waits until the dot has come back.
const landed = (page) => page.waitForFunction(() =>
  document.querySelector('#dot.back') && document.getAnimations().every(({playState}) => playState === 'finished'));

const logOf = (page) => page.$$eval('#log li', (items) => items.map((item) => [item.className, item.querySelector('q').textContent]));

for (const name of Object.keys(cases)) {
  test(name, LIMIT, async (t) => {
    const page = await open(t);
    await page.evaluate(CASES);
    await page.evaluate(([name, url]) => websocketCases.cases[name](WebSocket, url), [name, server.url]);
  });
}

// The cases above are compressed, too: Chromium offers it, and the server accepts.
for (const mode of ['on', 'no_takeover', 'off']) {
  test(`compression ${mode}`, LIMIT, async (t) => {
    const other = await startOther(t, [`--compression=${mode}`]);
    const page = await open(t, {from: other});
    await page.evaluate(CASES);
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

test('the page: says hello, and shows how long the echo took', LIMIT, async (t) => {
  const page = await open(t);
  await assertAccessible(page);
  assert.equal(await page.evaluate(() => document.activeElement.id), 'text');
  assert.equal(await page.inputValue('#text'), 'Hello');
  await page.press('#text', 'Enter');
  await page.waitForSelector('.echoed');
  await say(page, 'Schuß und Kette, нити, νήματα');
  assert.deepEqual(await logOf(page), [
    ['note', `Connected to ${server.url}/`], ['echoed', 'Hello'], ['echoed', 'Schuß und Kette, нити, νήματα'],
  ]);
  for (const roundTrip of await page.$$eval('.echoed small, #time', (times) => times.map((time) => time.textContent))) {
    assert.match(roundTrip, /^\d+\.\d ms$/);
  }
  assert.ok(await page.isHidden('#framed'), 'a text of 44 bytes has no frame to show');
  await say(page, 'Hello');
  assert.equal(await page.textContent('#frame'), '81 05 48 65 6c 6c 6f');
  await assertAccessible(page);
  await landed(page);
  await screenshot(page, 'echo_light');
});

test('the page: disconnects, and connects again', LIMIT, async (t) => {
  const page = await open(t);
  await page.click('summary');
  await page.click('#connect');
  await page.waitForSelector('#state.disconnected');
  assert.equal(await page.textContent('#why'), 'The connection was closed: 1000, the user left');
  assert.ok(await page.isDisabled('#text'));
  await assertAccessible(page);
  await page.click('#again');
  await page.waitForSelector('#state.connected');
  assert.ok(await page.isHidden('#cut'));
  await say(page, 'Hello again');
});

test('the page: what others send is text, never HTML', LIMIT, async (t) => {
  const page = await open(t, {colorScheme: 'dark'});
  await say(page, 'Hello');
  const text = '<img src=x onerror="throw 1"><b>bold</b><script>throw 2</script>';
  await say(page, text);
  assert.equal(await page.textContent('.echoed:last-child q'), text);
  assert.equal(await page.$$eval('#log :is(img, script, b, q *)', (found) => found.length), 0);
  await say(page, 'Hello');
  await landed(page);
  await screenshot(page, 'echo_dark');
});

test('the page: its log has a limit', LIMIT, async (t) => {
  const page = await open(t);
  await page.evaluate(() => {
    for (let i = 1; i <= 1010; ++i) {
      document.querySelector('#text').value = `Hello ${i}`;
      document.querySelector('#composer').requestSubmit();
    }
  });
  await page.waitForFunction(() => document.querySelector('.echoed:last-child q')?.textContent === 'Hello 1010');
  const log = await logOf(page);
  assert.equal(log.length, 1000);
  assert.deepEqual(log[0], ['echoed', 'Hello 11']);
});

test('the page: fits a phone, and moves nothing for those who do not want it', LIMIT, async (t) => {
  const page = await open(t, {width: 360, height: 640});
  await say(page, 'A message that is too long for one line of so narrow a screen, and ' + 'x'.repeat(100));
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'it scrolls sideways');
  await page.emulateMedia({reducedMotion: 'reduce'});
  await page.evaluate(() => Element.prototype.animate = () => { throw new Error('an animation'); });
  await say(page, 'Hello');
  await assertAccessible(page);
  await screenshot(page, 'echo_phone');
});

test('the page: the server ends', LIMIT, async (t) => {
  const other = await startOther(t);
  const page = await open(t, {from: other});
  assert.equal(await other.stop(), 0);
  await page.waitForSelector('#state.disconnected');
  assert.match(await page.textContent('#why'), /: 1001\b/);
  assert.equal(await page.evaluate(() => document.activeElement.id), 'again', 'the focus is not lost with the message box');
  // The page does not suggest allowing the origin that is always allowed.
  await page.click('#again');
  await page.waitForFunction(() => document.querySelector('#why').textContent === 'No connection. Is the server running?');
});

test('R20: a page of another origin is refused, and says what allows it', LIMIT, async (t) => {
  const other = await startOther(t);
  const page = await open(t, {from: other});
  await connectTo(page, server.url);
  await page.waitForFunction(() => document.querySelector('#why').textContent.startsWith('No connection'));
  assert.equal(await page.textContent('#why'),
    `No connection. Is the server running, and was it started with\n--allow_origin=${new URL(pageOf(other)).origin} ?`);
  await assertAccessible(page);
  await screenshot(page, 'echo_refused');

  const friendly = await startOther(t, [`--allow_origin=${new URL(pageOf(other)).origin}`]);
  await page.fill('#url', friendly.url);
  await page.click('#connect');
  await page.waitForSelector('#state.connected');
  await say(page, 'Hello from elsewhere');
});
