'use strict';
// The way back from each example to the gallery, in headless Chromium: on a desktop and on the narrowest phone, with the
// keyboard.

const assert = require('node:assert/strict');
const {after, before, test} = require('node:test');

const {assertAccessible, launchChromium, openPage, screenshot} = require('../../e2e/chromium.js');
const {startServer} = require('../../e2e/program.js');

const LIMIT = {timeout: 120_000};
const WIDE = {width: 1120, height: 860};
const NARROW = {width: 320, height: 700};
const SMALLEST_TARGET = 24;  // CSS pixels (WCAG 2.2, 2.5.8)

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

const pages = {
  'echo': '/echo/', 'chat': '/chat/', 'a room of the chat': '/chat/rooms/tea', 'cursors': '/cursors/', 'world': '/world/',
  'inspect': '/inspect/',
};
for (const [name, path] of Object.entries(pages)) {
  test(`there is a way back from ${name}`, LIMIT, async (t) => {
    const home = `${server.url.replace('ws', 'http')}/`;
    const page = await openPage(t, browser, new URL(path, home).href, WIDE);
    if (path.startsWith('/chat/')) await page.press('#name', 'Escape');  // the question for the visitor's name
    const link = page.getByRole('link', {name: 'All examples', exact: true});
    assert.equal(await link.count(), 1);
    await assertAccessible(page);
    for (const [suffix, window] of Object.entries({wide: WIDE, narrow: NARROW})) {
      await page.setViewportSize(window);
      const {x, y, width, height} = await link.boundingBox();
      assert.ok(x >= 0 && x + width <= window.width && y >= 0 && y + height <= window.height);
      assert.ok(width >= SMALLEST_TARGET && height >= SMALLEST_TARGET, `${width} by ${height} pixels`);
      await screenshot(page, `way_back_${name.replaceAll(' ', '_')}_${suffix}`);
    }
    await link.press('Enter');
    await page.waitForURL(home);
    await page.waitForSelector('#state.connected');
  });
}
