'use strict';
// The world in headless Chromium, with two people.

const assert = require('node:assert/strict');
const {after, before, test} = require('node:test');
const {isDeepStrictEqual} = require('node:util');

const {assertAccessible, launchChromium, openPage, screenshot} = require('../../e2e/chromium.js');
const {startServer} = require('../../e2e/program.js');

const LIMIT = {timeout: 120_000};
const NOTHING = 0xffff;

let server;
let browser;

before(async () => {
  server = await startServer('WORLD_SERVER');
  browser = await launchChromium([
    // WebGL without a graphics card.
    '--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader',
  ]);
});

after(async () => {
  await browser?.close();
  assert.equal(await server.stop(), 0, 'exit code after SIGTERM');
});

// A player's window in the world. It is small, because the processor draws the picture.
async function join(t, view = {}) {
  const page = await openPage(t, browser, server.url.replace('ws:', 'http:'), {width: 320, height: 240, ...view});
  await page.waitForFunction(() => world.position !== null && world.ids().length > 10);
  await page.evaluate(() => world.quality = 3);
  return page;
}

const carried = (page) => page.evaluate(() => world.carried);
const find = (page, id) => page.evaluate((id) => world.find(id), id);
const distance = (a, b) => Math.hypot(...a.position.map((value, i) => value - b.position[i]));

// Waits until it lies more than three metres from where it was held, and both show it in exactly the same place.
async function landing(thrower, watcher, id, held) {
  for (let before; ;) {
    const [seen, thrown] = await Promise.all([find(watcher, id), find(thrower, id)]);
    if (seen && distance(seen, held) > 3 && isDeepStrictEqual(seen, thrown) && isDeepStrictEqual(seen, before)) return;
    before = seen;
    await watcher.waitForTimeout(200);
  }
}

test('two windows see each other, and what one pushes, picks up and throws', LIMIT, async (t) => {
  const [ann, bob] = [await join(t, {width: 640, height: 400}), await join(t)];
  const [avatarOfAnn, avatarOfBob] = await Promise.all([ann, bob].map((page) => page.evaluate(() => world.avatar)));
  await ann.waitForFunction((id) => world.find(id)?.kind === 0, avatarOfBob);

  for (const [thrower, watcher] of [[ann, bob], [bob, ann]]) {
    await thrower.bringToFront();
    await thrower.keyboard.press('Space');
    await thrower.waitForFunction((none) => world.carried !== none, NOTHING);
    const thrown = await carried(thrower);
    await watcher.waitForFunction((id) => world.find(id)?.position[1] > 2, thrown);
    const held = await find(watcher, thrown);

    await thrower.keyboard.press('Space');
    await thrower.waitForFunction((none) => world.carried === none, NOTHING);
    await landing(thrower, watcher, thrown, held);
  }

  const before = await find(bob, avatarOfAnn);
  await ann.bringToFront();
  await ann.keyboard.down('KeyS');
  await bob.waitForFunction(([id, x, z]) => {
    const {position} = world.find(id);
    return Math.hypot(position[0] - x, position[2] - z) > 2;
  }, [avatarOfAnn, before.position[0], before.position[2]]);
  await ann.keyboard.up('KeyS');

  const figure = (name) => ann.textContent(`[data-figure=${name}]`);
  await ann.waitForFunction(() => document.querySelector('[data-figure=roundTrip]').textContent.endsWith(' ms'));
  await ann.waitForFunction(() => document.querySelector('[data-figure=tick]').textContent.includes('p99'));
  assert.match(await figure('in'), /^\d+\.\d KiB\/s$/);
  assert.ok(Number(await figure('sight')) > 10);
  assert.match(await figure('bodies'), /^1000, \d+ awake$/);
  await ann.evaluate(() => world.quality = 0);
  await screenshot(ann, 'world_light');
});

test('a finger walks and a button throws, on a phone in the dark', LIMIT, async (t) => {
  const page = await join(t, {width: 360, height: 640, colorScheme: 'dark'});
  assert.match(await page.innerText('#help'), /^W\s*A\s*S\s*D\s+walk/);
  assert.ok(await page.isHidden('#stick span'));
  const devtools = await browser.newCDPSession(page);
  await devtools.send('Emulation.setTouchEmulationEnabled', {enabled: true, maxTouchPoints: 2});
  // The instructions are visible before anything was touched, in both orientations of the phone.
  for (const [width, height] of [[640, 320], [360, 640]]) {
    await page.setViewportSize({width, height});
    await page.waitForFunction(() => document.querySelector('#help').innerText.startsWith('Drag on the left to walk'));
    const seen = await page.$$eval('#panel, #help, #stick span, #act', (found) => found.map((element) => {
      const {left, top, right, bottom} = element.getBoundingClientRect();
      return {left, top, right, bottom};
    }));
    for (const one of seen) {
      assert.ok(one.left >= 0 && one.top >= 0 && one.right <= width && one.bottom <= height && one.right > one.left, JSON.stringify(seen));
      for (const other of seen) {
        const apart = one.right <= other.left || other.right <= one.left || one.bottom <= other.top || other.bottom <= one.top;
        assert.ok(one === other || apart, `one covers the other: ${JSON.stringify([one, other])}`);
      }
    }
  }
  const touch = (type, ...points) => devtools.send('Input.dispatchTouchEvent', {type, touchPoints: points.map(([x, y]) => ({x, y}))});
  await page.click('#act');
  await page.waitForFunction((none) => world.carried !== none, NOTHING);
  assert.equal(await page.textContent('#act'), 'Throw');
  const before = await page.evaluate(() => world.position);
  await touch('touchStart', [90, 500]);
  await touch('touchMove', [90, 560]);  // down: backwards
  await page.waitForFunction(([x, z]) => Math.hypot(world.position[0] - x, world.position[1] - z) > 1, before);
  await touch('touchEnd');
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'it scrolls sideways');
  assert.equal(await page.$eval('#stick', (stick) => stick.className), 'resting');
  await page.evaluate(() => world.quality = 0);
  await screenshot(page, 'world_phone');
  await page.evaluate(() => world.quality = 3);
  await assertAccessible(page);
});
