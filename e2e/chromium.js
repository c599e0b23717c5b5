'use strict';
// The browser of this machine, headless, with a profile of its own, and windows in it.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const {chromium} = require('playwright-core');

// Resolves to Playwright's browser context; its close() leaves nothing behind. `args` are further ones of the command line.
async function launchChromium(args = []) {
  const profile = fs.mkdtempSync(path.join(process.env.TEST_TMPDIR || os.tmpdir(), 'chromium-'));
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM,
    args: [
      '--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync',
      // Several windows, of which each would be in front.
      '--disable-backgrounding-occluded-windows', '--disable-renderer-backgrounding', '--disable-background-timer-throttling',
      ...args,
    ],
  });
  const close = browser.close.bind(browser);
  browser.close = async () => {
    await close();
    fs.rmSync(profile, {recursive: true, force: true});
  };
  return browser;
}

// Resolves to Playwright's page, in a window of its own until the test `t` ends, when `url` is loaded. What goes wrong in its
// scripts fails the test, and so does an error on the console that is not `expected`, a RegExp: Chromium tells there of
// connections that fail.
async function openPage(t, browser, url, {width, height, colorScheme = 'light', expected = /^$/}) {
  const page = await browser.newPage();
  const errors = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !expected.test(message.text())) errors.push(message.text());
  });
  t.after(async () => {
    await page.close();
    assert.deepEqual(errors, []);
  });
  await page.setViewportSize({width, height});
  await page.emulateMedia({colorScheme});
  await page.goto(url);
  return page;
}

// To NAME.png among the test's outputs.
function screenshot(page, name) {
  return page.screenshot({path: path.join(process.env.TEST_UNDECLARED_OUTPUTS_DIR || os.tmpdir(), `${name}.png`)});
}

module.exports = {launchChromium, openPage, screenshot};
