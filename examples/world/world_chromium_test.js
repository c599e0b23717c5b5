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

// Waits until the page has been drawn with its latest changes.
const drawn = (page) => page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));

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
});

// Walks behind the ball and kicks it towards Moon's goal, until it is in.
async function score(page) {
  await page.bringToFront();
  await page.keyboard.down('KeyW');
  while (await page.evaluate(() => world.score.goal === null)) {
    const kicks = await page.evaluate(() => {
      const [x, , z] = world.find(world.ball).position;
      const [ownX, ownZ] = world.position;
      const far = Math.hypot(x, 18.5 - z);
      const [ux, uz] = [-x / far, (18.5 - z) / far];  // from the ball to the goal
      const [dx, dz] = [x - ownX, z - ownZ];
      const behind = dx * ux + dz * uz > 0.8 && Math.abs(dx * uz - dz * ux) < 0.5;
      world.look(behind ? Math.atan2(ux, uz) : Math.atan2(dx - 2.4 * ux, dz - 2.4 * uz));
      return behind && document.querySelector('#act').textContent === 'Kick';
    });
    if (kicks) await page.keyboard.press('Space');
    await page.waitForTimeout(50);
  }
  await page.keyboard.up('KeyW');
}

test('names are over the players, and a goal is seen by both', LIMIT, async (t) => {
  // Bob is on a phone.
  const [ann, bob] = [await join(t, {width: 960, height: 600}), await join(t, {width: 360, height: 640})];
  await ann.fill('#name', '  Ann \u202e of the north ');
  await ann.press('#name', 'Enter');
  await bob.click('#panel summary');  // it is closed in a small window
  await bob.fill('#name', 'Bob');
  await bob.press('#name', 'Enter');
  const avatarOfBob = await bob.evaluate(() => world.avatar);
  const avatarOfAnn = await ann.evaluate(() => world.avatar);
  await bob.waitForFunction((id) => world.nameOf(id) === 'Ann of the north', avatarOfAnn);
  await ann.waitForFunction(() => [...document.querySelectorAll('#names span')].some(({textContent}) => textContent === 'Bob'));
  assert.equal(await bob.evaluate(() => document.activeElement.id), '', 'the keys walk again');

  // The letters of a name do not walk.
  const before = await bob.evaluate(() => world.position);
  await bob.press('#name', 'End');
  await bob.type('#name', ' Edwards');
  assert.deepEqual(await bob.evaluate(() => world.position), before);
  await bob.press('#name', 'Enter');
  await ann.waitForFunction((id) => world.nameOf(id) === 'Bob Edwards', avatarOfBob);

  await ann.waitForFunction(() => document.querySelector('#name').value === 'Ann of the north');
  await ann.evaluate(() => {
    world.look(0);
    world.quality = 0;
  });
  for (const scheme of ['light', 'dark']) {
    await ann.emulateMedia({colorScheme: scheme});
    await drawn(ann);
    await screenshot(ann, `world_${scheme}`);
  }
  await ann.evaluate(() => world.quality = 3);
  await assertAccessible(ann);

  const team = await ann.textContent('#team');
  const scorer = team === 'Sun' ? ann : bob;
  await score(scorer);
  for (const page of [ann, bob]) {
    await page.waitForFunction(() => /^Goal for Sun by .*: 1 : 0$/.test(document.querySelector('#news').textContent));
    assert.equal(await page.textContent('#points-sun'), '1');
    assert.equal(await page.textContent('#points-moon'), '0');
  }
  const late = await join(t);
  await late.waitForFunction((id) => world.nameOf(id) === 'Ann of the north', avatarOfAnn);
  assert.equal(await late.textContent('#points-sun'), '1');
});

// How light a surface is, and how much that changes along its rows and along its columns.
const surfaces = (page) => page.evaluate(async () => {
  const [{surfaceOf}, {KINDS}] = await Promise.all([import('./textures.mjs'), import('./rules.mjs')]);
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const spread = (values) => Math.sqrt(mean(values.map((value) => (value - mean(values)) ** 2)));
  return KINDS.slice(1).map(({name}) => {
    const {image} = surfaceOf(name);
    const {data} = image.getContext('2d').getImageData(0, 0, 128, 128);
    const light = (x, y) => (0.299 * data[4 * (128 * y + x)] + 0.587 * data[4 * (128 * y + x) + 1] + 0.114 * data[4 * (128 * y + x) + 2]) / 255;
    const each = (read) => mean(Array.from({length: 128}, (_, i) => spread(Array.from({length: 128}, (_, j) => read(i, j)))));
    const all = Array.from({length: 128 * 128}, (_, i) => light(i % 128, Math.floor(i / 128)));
    return {name, look: [mean(all), each((y, x) => light(x, y)), each((x, y) => light(x, y))]};
  });
});

test('things differ without colours', LIMIT, async (t) => {
  const page = await join(t, {width: 960, height: 540});
  const looks = await surfaces(page);
  assert.equal(looks.length, 7);
  for (const one of looks) {
    for (const other of looks) {
      if (one === other) continue;
      const apart = Math.hypot(...one.look.map((value, i) => value - other.look[i]));
      assert.ok(apart > 0.12, `${one.name} and ${other.name} differ by ${apart.toFixed(3)}`);
    }
  }
  // One of each, side by side, for whoever looks at the pictures.
  await page.evaluate(async () => {
    const [{Stage}, {KINDS}] = await Promise.all([import('./stage.mjs'), import('./rules.mjs')]);
    const canvas = Object.assign(document.createElement('canvas'), {ariaHidden: 'true'});
    Object.assign(canvas.style, {position: 'fixed', inset: 0, width: '100%', height: '100%'});
    document.body.append(canvas);
    const stage = new Stage(canvas);
    globalThis.drawThings = () => {
      const turned = [0, Math.sin(0.3), 0, Math.cos(0.3)];
      KINDS.forEach(({half}, kind) => stage.put(kind, kind, [6.4 - 1.6 * kind, half[1], -4], turned, 0));
      stage.put(KINDS.length, 0, [-6.4, 0.9, -4], turned, 1);
      stage.draw([0, 0.9, -7], {yaw: 0, pitch: 0.3, distance: 4}, 0);
    };
  });
  const picture = async (name) => {
    await page.evaluate(() => drawThings());
    await drawn(page);
    await screenshot(page, name);
  };
  for (const scheme of ['light', 'dark']) {
    await page.emulateMedia({colorScheme: scheme});
    await picture(`world_things_${scheme}`);
  }
  await page.evaluate(() => document.documentElement.style.filter = 'grayscale(1)');
  await picture('world_things_dark_grey');
  await page.emulateMedia({colorScheme: 'light'});
  await picture('world_things_light_grey');
});

test('a finger walks and a button throws, on a phone in the dark', LIMIT, async (t) => {
  const page = await join(t, {width: 360, height: 640, colorScheme: 'dark'});
  assert.match(await page.innerText('#help'), /W\s*A\s*S\s*D\s+walk/);
  assert.ok(await page.isHidden('#stick span'));
  const devtools = await browser.newCDPSession(page);
  await devtools.send('Emulation.setTouchEmulationEnabled', {enabled: true, maxTouchPoints: 2});
  // The instructions are visible before anything was touched, in both orientations of the phone.
  for (const [width, height] of [[640, 320], [360, 640]]) {
    await page.setViewportSize({width, height});
    await page.waitForFunction(() => document.querySelector('#help').innerText.includes('Drag on the left to walk'));
    const seen = await page.$$eval('#panel, #match, #help, #stick span, #look span, #act', (found) => found.map((element) => {
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
