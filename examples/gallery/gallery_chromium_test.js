'use strict';
// The gallery in headless Chromium: its pictures, and the examples behind them.

const assert = require('node:assert/strict');
const {after, before, test} = require('node:test');

const {assertAccessible, launchChromium, openPage, screenshot} = require('../../e2e/chromium.js');
const {startServer} = require('../../e2e/program.js');

const LIMIT = {timeout: 120_000};
const WIDE = {width: 1120, height: 860};
const PHONE = {width: 390, height: 844};
const MAX_BYTES = 200_000;

let server;
let browser;

before(async () => {
  server = await startServer('GALLERY');
  browser = await launchChromium();
});

after(async () => {
  await browser?.close();
  assert.equal(await server.stop(), 0, 'exit code after SIGTERM');
});

// Each person has an origin, and so a storage, of their own.
const urlOf = (path, person = 'somebody') => `http://${person}.localhost:${new URL(server.url).port}${path}`;

const open = (t, path, person, window = WIDE) => openPage(t, browser, urlOf(path, person), window);

async function openGallery(t, window = WIDE) {
  const page = await open(t, '/', 'somebody', window);
  await page.waitForSelector('#state.connected');
  return page;
}

// Waits until the text of an element matches the pattern.
const shows = (page, selector, pattern) => page.waitForFunction(
    ([selector, pattern]) => new RegExp(pattern).test(document.querySelector(selector).textContent), [selector, pattern]);

// All links of the page that lead to this server.
const linksOf = (page) => page.$$eval('a[href]', (links) => links.map(({href}) => href));

// The number of pixels of the card's canvas that are drawn.
const drawn = (page, card) => page.$eval(`#${card} canvas`, (canvas) => {
  const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let count = 0;
  for (let i = 3; i < data.length; i += 4) if (data[i] > 0) ++count;
  return count;
});

async function waitUntilDrawn(page, card) {
  while (await drawn(page, card) === 0) await page.evaluate(() => new Promise(requestAnimationFrame));
}

// A person who says something in the chat of the gallery.
async function say(page, name, text) {
  await page.fill('#name', name);
  await page.click('#take');
  await page.waitForSelector('#text:enabled');
  await page.fill('#text', text);
  await page.press('#text', 'Enter');
}

test('nobody is there yet: an echo is on its way, its frame is explained, and the world rests', LIMIT, async (t) => {
  const page = await openGallery(t);
  await shows(page, '#echo-time', '^\\d+\\.\\d ms$');
  await shows(page, '#bits', '^10000001' + '0' + '0000111');  // FIN, a text, no mask, "Hello 1"
  const frame = await page.getAttribute('#this-frame', 'href');
  assert.match(frame, /^inspect\/#frame=810748656c6c6f20[0-9a-f]+$/);
  await waitUntilDrawn(page, 'world');
  assert.ok(await page.isVisible('#cursors .empty'));
  assert.ok(await page.isVisible('#local'));
  assert.ok(await page.isHidden('#shared'));
  for (const url of await linksOf(page)) assert.equal((await fetch(url.replace(/\w+\.localhost/, '127.0.0.1'))).status, 200, url);
  await assertAccessible(page);
});

test('two people are in the examples, and a third watches them', LIMIT, async (t) => {
  const gallery = await openGallery(t);
  const [ann, bob] = [await open(t, '/chat/', 'ann'), await open(t, '/chat/', 'bob')];
  await say(ann, 'Ann', 'Is it tea time?');
  await shows(gallery, '#lines', 'Is it tea time\\?');
  await say(bob, 'Bob', 'It is <b>always</b> tea time.');
  await shows(gallery, '#lines', 'Bob.*It is <b>always</b> tea time\\.');
  await shows(gallery, '#chat .now', '^2 people$');
  assert.deepEqual(await gallery.$$eval('#lines bdi', (names) => names.map((name) => name.textContent)), ['Ann', 'Bob']);

  await ann.goto(urlOf('/cursors/'));
  await bob.goto(urlOf('/cursors/'));
  await ann.mouse.move(300, 300, {steps: 3});
  await bob.mouse.move(700, 200, {steps: 3});
  await gallery.bringToFront();
  await waitUntilDrawn(gallery, 'cursors');
  assert.ok(await gallery.isHidden('#cursors .empty'));

  await ann.goto(urlOf('/world/'));
  await shows(gallery, '#world .now', '^1 player$');
  // The watcher is none of them, and a line that was said before it came is there.
  const late = await openGallery(t, {...PHONE, colorScheme: 'dark'});
  await shows(late, '#lines', 'Is it tea time\\?');
  await late.evaluate(() => document.querySelector('#world').scrollIntoView());
  await shows(late, '#world .now', '^1 player$');
  await assertAccessible(gallery);
  await shows(gallery, '#chat .now', '^\\u00a0$');  // both have left the chat, and nobody is there to tell it
});

test('each card opens its example under its prefix, and it works there', LIMIT, async (t) => {
  const page = await openGallery(t);
  await page.click('#echo h2 a');
  await page.waitForSelector('#state.connected');
  await page.press('#text', 'Enter');
  await page.waitForSelector('.echoed');
  await page.goBack();
  await page.waitForSelector('#state.connected');

  await page.click('#chat h2 a');
  await say(page, 'Eve', 'Hello from the gallery');
  await page.waitForFunction(() => document.querySelector('#log').textContent.includes('Hello from the gallery'));
  await page.goBack();
  await shows(page, '#lines', 'Eve.*Hello from the gallery');

  await page.click('#cursors h2 a');
  await page.waitForURL(urlOf('/cursors/'));
  await page.waitForFunction(() => globalThis.cursors && cursors.own !== null);
  await page.goBack();

  await page.click('#world h2 a');
  await page.waitForFunction(() => /\d/.test(document.querySelector('[data-figure=bodies]').textContent));
  await page.goBack();

  await shows(page, '#bits', '^1');
  await page.click('#this-frame');
  await page.waitForFunction(() => document.querySelector('#frames').textContent.includes('FIN'));
});

test('a tap is started beside the gallery as the inspector says', LIMIT, async (t) => {
  const page = await open(t, '/inspect/#tap');
  const command = await page.innerText('#tapHow pre');
  assert.match(command, /^\.\/bazelw run \\\s+\/\/examples\/inspect:server \\\s+-- /);
  const forward = command.match(/--forward=ws:\/\/\S+/)[0].replace('somebody.localhost', '127.0.0.1');
  const inspect = await startServer('INSPECT_SERVER', [forward, '--tap_port=0']);
  t.after(async () => assert.equal(await inspect.stop(), 0));
  await page.goto(`${inspect.url.replace('ws', 'http')}/#tap`);
  await shows(page, '#tapConnect', '^ws:');
  const tap = new URL(await page.textContent('#tapConnect'));

  const echo = await openPage(t, browser, `http://${tap.host}/echo/`, WIDE);
  await echo.waitForSelector('#state.connected');
  await echo.press('#text', 'Enter');
  await echo.waitForSelector('.echoed');
  await page.waitForFunction(() => [...document.querySelectorAll('.entry')].some(({textContent}) => /\u2190text.*Hello/.test(textContent)));
});

test('a card that is off the screen gets nothing, and a hidden tab has no connection', LIMIT, async (t) => {
  const page = await browser.newPage();
  t.after(() => page.close());
  // The open connections of the page by the path of their URL, and what it sent last to the gallery's.
  await page.addInitScript(() => {
    globalThis.sockets = new Map();
    globalThis.WebSocket = class extends WebSocket {
      constructor(url) {
        super(url);
        const {pathname} = new URL(url);
        sockets.set(pathname, this);
        this.addEventListener('close', () => sockets.get(pathname) === this && sockets.delete(pathname));
      }

      send(message) {
        this.words = message;
        super.send(message);
      }
    };
  });
  await page.setViewportSize({width: 390, height: 500});
  await page.goto(urlOf('/'));
  await page.waitForFunction(() => sockets.get('/gallery')?.words === '' || sockets.get('/gallery')?.words === 'chat');
  await page.evaluate(() => document.querySelector('#world').scrollIntoView());
  await page.waitForFunction(() => /world/.test(sockets.get('/gallery').words));
  await page.evaluate(() => document.querySelector('#phone').scrollIntoView());
  await page.waitForFunction(() => sockets.get('/gallery').words === '');
  await page.evaluate(() => scrollTo(0, 0));
  await page.waitForFunction(() => sockets.has('/echo/') && !sockets.has('/inspect/wire'));

  const hide = (hidden) => page.evaluate((hidden) => {
    Object.defineProperty(document, 'hidden', {value: hidden, configurable: true});
    document.dispatchEvent(new Event('visibilitychange'));
  }, hidden);
  await hide(true);
  await page.waitForFunction(() => sockets.size === 0);
  await hide(false);
  await page.waitForFunction(() => sockets.has('/gallery') && sockets.has('/echo/'));
});

test('nothing moves for those who do not want it', LIMIT, async (t) => {
  const page = await browser.newPage();
  t.after(() => page.close());
  await page.emulateMedia({reducedMotion: 'reduce'});
  await page.addInitScript(() => Element.prototype.animate = () => { throw new Error('an animation'); });
  const errors = [];
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(urlOf('/'));
  await shows(page, '#echo-time', '^\\d+\\.\\d ms$');
  await waitUntilDrawn(page, 'world');
  assert.deepEqual(errors, []);
});

test('it is small', LIMIT, async (t) => {
  const page = await browser.newPage();
  t.after(() => page.close());
  let bytes = 0;
  page.on('response', async (response) => bytes += (await response.body()).length);
  await page.goto(urlOf('/'), {waitUntil: 'networkidle'});
  assert.ok(bytes > 0 && bytes < MAX_BYTES, `${bytes} bytes`);
});

// People in the examples while the page is photographed.
test('as it looks', LIMIT, async (t) => {
  const [ann, bob] = [await open(t, '/chat/', 'cleo'), await open(t, '/chat/', 'dan')];
  await say(ann, 'Cleo', 'Has anybody seen the ball?');
  await say(bob, 'Dan', 'It is under the tower.');
  for (const [x, y] of [[0.2, 0.3], [0.45, 0.6], [0.7, 0.35], [0.85, 0.7]]) {
    const page = await open(t, '/cursors/');
    await page.mouse.move(x * WIDE.width, y * WIDE.height, {steps: 3});
  }
  for (let i = 0; i < 2; ++i) await open(t, '/world/');
  for (const [name, window] of Object.entries({
    gallery: WIDE, gallery_dark: {...WIDE, colorScheme: 'dark'}, gallery_phone: PHONE,
  })) {
    const page = await openGallery(t, window);
    await page.bringToFront();
    await shows(page, '#lines', 'under the tower');
    await shows(page, '#chat .now', '^\\d+ people$');
    if (window.width === WIDE.width) {
      await shows(page, '#world .now', '^\\d+ players$');
      await shows(page, '#bits', '^1');
      await waitUntilDrawn(page, 'cursors');
    }
    await screenshot(page, name);
  }
});
