'use strict';
// The cursors in headless Chromium: two people in windows of different sizes, and bots.

const assert = require('node:assert/strict');
const {spawn} = require('node:child_process');
const {once} = require('node:events');
const net = require('node:net');
const {after, before, test} = require('node:test');

const {assertAccessible, launchChromium, openPage, screenshot} = require('../../e2e/chromium.js');
const {startServer} = require('../../e2e/program.js');

const LIMIT = {timeout: 120_000};

let server;
let browser;

before(async () => {
  server = await startServer('CURSORS_SERVER');
  browser = await launchChromium();
});

after(async () => {
  await browser?.close();
  assert.equal(await server.stop(), 0, 'exit code after SIGTERM');
});

// A person's window in the space.
async function open(t, {url = server.url, ...window} = {}) {
  const page = await openPage(t, browser, url.replace('ws:', 'http:'), {width: 640, height: 400, ...window});
  await page.waitForFunction(() => cursors.own !== null);
  return page;
}

// Waits until the panel's figure matches the pattern.
const shows = (page, figure, pattern) => page.waitForFunction(
    ([figure, pattern]) => new RegExp(pattern).test(document.querySelector(`[data-figure=${figure}]`).textContent), [figure, pattern]);

async function startBots(t, count) {
  const child = spawn(process.env.CURSORS_BOTS, [server.url, `--bots=${count}`], {stdio: ['ignore', 'ignore', 'inherit']});
  const exit = once(child, 'close');
  t.after(async () => {
    child.kill();
    await exit;
  });
}

const idOf = (page) => page.evaluate(() => cursors.own);

// Waits until the watcher's window has drawn that cursor there, to the pixel.
const seenAt = (watcher, id, x, y) => watcher.waitForFunction(([id, x, y]) => {
  const place = cursors.placeOf(id);
  return place && Math.abs(place.x - x) < 1 / innerWidth && Math.abs(place.y - y) < 1 / innerHeight;
}, [id, x, y]);

// Repeats `act` until the watcher's window has had more than `count` marks of that cursor. Marks fade, and a busy browser
// may not look while those of a single time are there.
async function untilSeen(watcher, id, marks, count, act) {
  let seen = false;
  const wait = watcher
      .waitForFunction(([id, marks, count]) => cursors.marksOf(id)[marks] > count, [id, marks, count])
      .finally(() => { seen = true; });
  do await act(); while (!seen);
  await wait;
}

test('two windows see each other\'s pointer, wherever it goes, and that it leaves', LIMIT, async (t) => {
  const [ann, bob] = [await open(t), await open(t, {width: 480, height: 720, colorScheme: 'dark'})];
  const [idOfAnn, idOfBob] = [await idOf(ann), await idOf(bob)];
  for (const [x, y] of [[0.25, 0.5], [0.75, 0.125], [0.5, 0.875]]) {
    await ann.mouse.move(x * 640, y * 400, {steps: 10});
    await seenAt(bob, idOfAnn, x, y);
    await bob.mouse.move(y * 480, x * 720, {steps: 10});
    await seenAt(ann, idOfBob, y, x);
  }
  const eve = await browser.newPage();
  await eve.goto(server.url.replace('ws:', 'http:'));
  await seenAt(eve, idOfBob, 0.875, 0.5);  // a late visitor sees resting cursors
  await eve.mouse.move(9, 9);
  await ann.waitForFunction(() => cursors.people.length === 2);
  await eve.close();
  await ann.waitForFunction(() => cursors.people.length === 1);
});

// Types a name as a person does.
async function chooseName(page, name) {
  await page.fill('#name', name);
  await page.press('#name', 'Enter');
}

test('names, clicks and drawings are seen by the other, and names by those who come later', LIMIT, async (t) => {
  const [ann, bob] = [await open(t), await open(t, {width: 480, height: 720})];
  const id = await idOf(ann);
  await chooseName(ann, ' Ann \u202e of the north');
  await ann.mouse.move(320, 100);
  await seenAt(bob, id, 0.5, 0.25);
  assert.equal(await bob.evaluate((id) => cursors.nameOf(id), id), 'Ann of the north');
  await ann.waitForFunction(() => document.querySelector('#name').value === 'Ann of the north');
  await bob.waitForFunction(() => document.querySelector('#who').textContent === 'With you: \u2068Ann of the north\u2069');
  assert.deepEqual(await bob.evaluate((id) => cursors.marksOf(id), id), {lines: 0, rings: 0});

  await untilSeen(bob, id, 'rings', 0, () => ann.mouse.click(320, 100));
  await untilSeen(bob, id, 'lines', 3, async () => {
    await ann.mouse.move(320, 100);
    await ann.mouse.down();
    await ann.mouse.move(480, 200, {steps: 10});
    await ann.mouse.up();
  });
  await bob.waitForFunction((id) => cursors.marksOf(id).lines === 0, id);  // it has faded

  const late = await open(t);
  await late.waitForFunction((id) => cursors.nameOf(id) === 'Ann of the north', id);
  assert.deepEqual(await late.evaluate((id) => cursors.marksOf(id), id), {lines: 0, rings: 0}, 'of the past nothing');
});

test('with the keyboard alone: the arrows move, the space bar clicks, D draws', LIMIT, async (t) => {
  const [ann, bob] = [await open(t), await open(t)];
  const id = await idOf(ann);
  await ann.bringToFront();
  await ann.keyboard.down('ArrowRight');
  await ann.waitForFunction(() => cursors.ownPlace?.x > 0.6);
  await ann.keyboard.up('ArrowRight');
  const place = await ann.evaluate(() => cursors.ownPlace);
  assert.equal(place.y, 0.5);
  await seenAt(bob, id, place.x, 0.5);
  await untilSeen(bob, id, 'rings', 0, () => ann.keyboard.press('Space'));
  await ann.keyboard.press('KeyD');
  assert.equal(await ann.getAttribute('#pen', 'aria-pressed'), 'true');
  await untilSeen(bob, id, 'lines', 3, async () => {
    await ann.keyboard.down('ArrowUp');
    await ann.waitForFunction(() => cursors.ownPlace.y < 0.25);
    await ann.keyboard.up('ArrowUp');
    await ann.keyboard.down('ArrowDown');
    await ann.waitForFunction(() => cursors.ownPlace.y > 0.75);
    await ann.keyboard.up('ArrowDown');
  });
  // With the Tab key, too: the name, the button.
  await ann.focus('#name');
  await ann.keyboard.type('d d');  // these letters do not draw
  assert.equal(await ann.getAttribute('#pen', 'aria-pressed'), 'true');
  await ann.keyboard.press('Tab');
  await ann.keyboard.press('Space');
  assert.equal(await ann.getAttribute('#pen', 'aria-pressed'), 'false');
  await assertAccessible(ann);
});

test('a few bots keep one company who is alone, and say that they are bots', LIMIT, async (t) => {
  const ann = await open(t, {width: 960, height: 540});
  await ann.waitForFunction(() => cursors.bots.length === 3 && cursors.people.length === 0);
  await ann.waitForFunction(() => document.querySelector('#who').textContent === 'With you: 3 bots');
  assert.ok(await ann.isVisible('#invite'));
  await ann.waitForFunction(() => cursors.bots.some((id) => cursors.marksOf(id).lines > 20));
  await screenshot(ann, 'cursors_alone');
  await assertAccessible(ann);
  const bob = await open(t);
  await ann.waitForFunction(() => cursors.bots.length === 0);
  await bob.mouse.move(100, 100);
  await ann.waitForFunction(() => cursors.people.length === 1);
  await ann.waitForFunction(() => document.querySelector('#invite').hidden);
});

test('without motion there are no trails, and rings do not grow', LIMIT, async (t) => {
  const page = await open(t);
  await page.emulateMedia({reducedMotion: 'reduce'});
  const drawn = await page.evaluate(async () => {
    const {Stage} = await import('./stage.mjs');
    const canvas = document.createElement('canvas');
    Object.assign(canvas.style, {position: 'fixed', width: '200px', height: '200px'});
    document.body.append(canvas);
    const stage = new Stage(canvas);
    // The pixels that a picture has.
    const count = (draw) => {
      stage.clear();
      draw();
      const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      return data.filter((value, i) => i % 4 === 3 && value > 0).length;
    };
    const result = {
      rests: count(() => stage.draw(1, () => ({x: 0.5, y: 0.5}), {opacity: 1})),
      moves: count(() => stage.draw(1, (ago) => ({x: 0.5 - ago / 2000, y: 0.5}), {opacity: 1})),
      young: count(() => stage.drawRipples(1, [{x: 0.5, y: 0.5, share: 0.1}])),
      old: count(() => stage.drawRipples(1, [{x: 0.5, y: 0.5, share: 0.8}])),
    };
    canvas.remove();
    return result;
  });
  assert.ok(drawn.rests > 0 && drawn.young > 0);
  assert.equal(drawn.moves, drawn.rests);
  assert.ok(Math.abs(drawn.old - drawn.young) < 0.05 * drawn.young, `${drawn.young} and ${drawn.old}`);
});

test('the way of a pointer is drawn between the places that were sent, too', LIMIT, async (t) => {
  const [ann, bob] = [await open(t), await open(t)];
  const id = await idOf(ann);
  await ann.mouse.move(64, 200);
  await seenAt(bob, id, 0.1, 0.5);
  // Positions in frames that were never sent.
  await bob.evaluate((id) => {
    const sent = new Set(Array.from({length: 65}, (_, i) => Math.floor((64 + 8 * i) / 640 * 65536) / 65536));
    globalThis.between = new Set();
    const look = () => {
      const {x} = cursors.placeOf(id);
      if (!sent.has(x)) between.add(x);
      requestAnimationFrame(look);
    };
    look();
  }, id);
  while (await bob.evaluate(() => between.size) < 20) {
    for (const way of [1, -1]) {
      for (let x = 320 - way * 256; Math.abs(x - 320) <= 256; x += way * 8) {
        await ann.mouse.move(x, 200);
        await ann.evaluate(() => new Promise(requestAnimationFrame));
      }
    }
  }
});

test('among bots: the panel counts, and it looks like this', LIMIT, async (t) => {
  await startBots(t, 80);
  const page = await open(t, {width: 960, height: 540});
  await page.waitForFunction(() => cursors.ids.length === 80);
  await page.mouse.move(500, 300, {steps: 5});
  await shows(page, 'cursors', '^81$');
  await shows(page, 'inMessages', '^[1-9]\\d*/s$');
  await shows(page, 'inBytes', '^[1-9]\\d*\\.\\d KiB/s$');
  await shows(page, 'roundTrip', '^\\d+\\.\\d ms$');
  await shows(page, 'frames', '^[1-9]\\d*/s$');
  await shows(page, 'drawn', '^\\d+\\.\\d ms$');
  // Two pings per second, nine bytes each with their frames, and at most 30 moves of thirteen.
  await shows(page, 'outMessages', '^([1-9]|[12]\\d|3[0-3])/s$');
  await shows(page, 'outBytes', '^[1-9]\\d* B/s$');
  const before = await page.evaluate(() => cursors.placeOf(cursors.ids[0]));
  await page.waitForFunction(({x, y}) => {
    const place = cursors.placeOf(cursors.ids[0]);
    return Math.hypot(place.x - x, place.y - y) > 0.01;
  }, before);
  const draw = async () => {
    await page.mouse.down();
    for (let i = 0; i < 30; ++i) {
      await page.mouse.move(430 + 90 * Math.sin(i / 5), 270 + 60 * Math.cos(i / 5));
      await page.evaluate(() => new Promise(requestAnimationFrame));
    }
    await page.mouse.up();
  };
  await draw();
  await screenshot(page, 'cursors_light');
  await page.emulateMedia({colorScheme: 'dark'});
  await draw();
  await screenshot(page, 'cursors_dark');
  await assertAccessible(page);
});

test('a finger is a pointer, too, on a phone', LIMIT, async (t) => {
  await startBots(t, 20);
  const [phone, other] = [await open(t, {width: 360, height: 640, colorScheme: 'dark'}), await open(t)];
  const devtools = await browser.newCDPSession(phone);
  const touch = (type, ...points) => devtools.send('Input.dispatchTouchEvent', {type, touchPoints: points.map(([x, y]) => ({x, y}))});
  await touch('touchStart', [180, 320]);
  await seenAt(other, await idOf(phone), 0.5, 0.5);
  await touch('touchMove', [270, 480]);
  await seenAt(other, await idOf(phone), 0.75, 0.75);
  await touch('touchEnd');
  await phone.waitForFunction(() => cursors.ids.length === 20);
  assert.ok(await phone.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'it scrolls sideways');
  await phone.waitForFunction(() => Number(document.querySelector('[data-figure=cursors]').textContent) > 20);
  await screenshot(phone, 'cursors_phone');
});

test('a page that nobody sees says nothing, and is told nothing until it is seen again', LIMIT, async (t) => {
  await startBots(t, 3);
  const page = await open(t);
  await shows(page, 'inMessages', '^[1-9]');
  const become = (state) => page.evaluate((state) => {
    Object.defineProperty(document, 'visibilityState', {configurable: true, get: () => state});
    document.dispatchEvent(new Event('visibilitychange'));
  }, state);
  await become('hidden');
  await page.mouse.move(100, 100, {steps: 5});
  await shows(page, 'inMessages', '^0/s$');
  await shows(page, 'outMessages', '^0/s$');
  await become('visible');
  await shows(page, 'inMessages', '^[1-9]');
  await shows(page, 'cursors', '^4$');
});

// A relay to the server that can be cut: `url`, cut(), which ends all connections and refuses new ones, and mend().
async function startWay(t) {
  const sockets = new Set();
  let open = true;
  const way = net.createServer((socket) => {
    if (!open) return socket.destroy();
    const onward = net.connect(new URL(server.url).port, '127.0.0.1');
    for (const [end, other] of [[socket, onward], [onward, socket]]) {
      sockets.add(end);
      end.pipe(other).on('error', () => {});
      end.on('close', () => other.destroy());
    }
  });
  await new Promise((resolve) => way.listen(0, '127.0.0.1', resolve));
  const cut = () => {
    open = false;
    for (const socket of sockets) socket.destroy();
  };
  t.after(() => {
    cut();
    way.close();
  });
  return {url: `ws://127.0.0.1:${way.address().port}`, cut, mend: () => open = true};
}

test('when the server is gone it says so, and comes back by itself', LIMIT, async (t) => {
  const way = await startWay(t);
  const [page, other] = [await open(t, {url: way.url, expected: /^WebSocket connection .* failed/}), await open(t)];
  await page.mouse.move(320, 200);
  await seenAt(other, await idOf(page), 0.5, 0.5);
  way.cut();
  await page.waitForFunction(() => document.getElementById('state').textContent.includes('Trying again'));
  assert.ok(await page.isVisible('#state'));
  await assertAccessible(page);
  await other.waitForFunction(() => cursors.people.length === 0);
  way.mend();
  await page.waitForFunction(() => cursors.own !== null && document.getElementById('state').hidden);
  await seenAt(other, await idOf(page), 0.5, 0.5);  // without another move
});
