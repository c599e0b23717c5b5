'use strict';
// The server of the solutions with headless Chromium, and the page of examples/echo, which can connect to any server.

const assert = require('node:assert/strict');
const {after, before, test} = require('node:test');

const {launchChromium, openPage} = require('../../e2e/chromium.js');
const {startServer} = require('../../e2e/program.js');

let server;
let echo;  // whose page it is
let browser;

before(async () => {
  server = await startServer('EXAM_SERVER');
  echo = await startServer('ECHO_SERVER');
  browser = await launchChromium();
});

after(async () => {
  await browser?.close();
  assert.equal(await echo.stop(), 0);
  assert.equal(await server.stop(), 0, 'exit code after SIGTERM');
});

test('a page connects, is echoed and closes', {timeout: 120_000}, async (t) => {
  const page = await openPage(t, browser, echo.url.replace('ws:', 'http:'), {width: 960, height: 640});
  await page.waitForSelector('#state.connected');
  await page.click('summary');
  await page.click('#connect');  // which disconnects it from its own server
  await page.waitForSelector('#state.disconnected');
  await page.fill('#url', server.url);
  await page.click('#connect');
  await page.waitForSelector('#state.connected');
  await page.fill('#text', 'It works ✓');
  await page.press('#text', 'Enter');
  await page.waitForSelector('.echoed');
  assert.equal(await page.textContent('.echoed q'), 'It works ✓');
  assert.equal(await page.evaluate(async (url) => {
    const socket = new WebSocket(url);
    await new Promise((resolve) => socket.onopen = resolve);
    const extensions = socket.extensions;
    const closed = new Promise((resolve) => socket.onclose = resolve);
    socket.close(1000, 'bye');
    const {code, wasClean} = await closed;
    return `${extensions}, ${code}, ${wasClean}`;
  }, server.url), 'permessage-deflate, 1000, true');
});
