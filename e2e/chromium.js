'use strict';
// This machine's browser, headless, with its own profile and windows, and the checks for every page.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const {chromium} = require('playwright-core');

const NARROW = 320;  // CSS pixels: the width at which a page must still fit (WCAG 2.2, 1.4.10)
const AXE = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

// Resolves to Playwright's browser context; its close() removes everything. `args` are additional command line
// arguments.
async function launchChromium(args = []) {
  const profile = fs.mkdtempSync(path.join(process.env.TEST_TMPDIR || os.tmpdir(), 'chromium-'));
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM,
    args: [
      '--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync',
      // Several windows, each of which counts as the front one.
      '--disable-backgrounding-occluded-windows', '--disable-renderer-backgrounding', '--disable-background-timer-throttling',
      ...args,
    ],
  });
  browser.setDefaultTimeout(0);  // the limit of its test ends a wait, not Playwright after 30 seconds on a busy machine
  const close = browser.close.bind(browser);
  browser.close = async () => {
    await close();
    fs.rmSync(profile, {recursive: true, force: true});
  };
  return browser;
}

// Resolves to Playwright's page, in its own window until the test `t` ends, when `url` is loaded. An error in its
// scripts fails the test, and so does an error on the console that does not match `expected`, a RegExp: Chromium
// reports failed connections there.
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

// Checks the page in its current state against all rules of axe-core, including those about target sizes: light and
// dark, in its window's width and on the narrowest phone, where it must not scroll sideways either. Restores the
// window afterwards. Call it once per state of a page: a check takes about a second.
async function assertAccessible(page) {
  const window = page.viewportSize();
  const colorScheme = await page.evaluate(() => matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');
  if (!await page.evaluate(() => 'axe' in globalThis)) await page.evaluate(AXE);
  await page.bringToFront();  // other pages are drawn less often
  const found = [];
  for (const width of [window.width, NARROW]) {
    await page.setViewportSize({width, height: window.height});
    for (const scheme of ['light', 'dark']) {
      await page.emulateMedia({colorScheme: scheme, reducedMotion: 'reduce'});
      for (const what of await page.evaluate(findViolations)) found.push(`${scheme}, ${width} pixels wide: ${what}`);
    }
  }
  await page.setViewportSize(window);
  await page.emulateMedia({colorScheme, reducedMotion: null});
  assert.deepEqual(found, []);
}

// Runs in the page.
async function findViolations() {
  // Waits until the page has been drawn for this window size.
  await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  const {violations} = await axe.run({resultTypes: ['violations'], rules: {'target-size': {enabled: true}}});
  const found = violations.flatMap(({id, nodes}) => nodes.map(({target, any, all, none}) =>
    `${id}: ${target.join(' ')}: ${[...any, ...all, ...none].map(({message}) => message).join('; ')}`));
  const {scrollWidth} = document.documentElement;
  if (scrollWidth > innerWidth) found.push(`it scrolls sideways: it needs ${scrollWidth} pixels`);
  return found;
}

// Saved as NAME.png among the test's outputs.
function screenshot(page, name) {
  return page.screenshot({path: path.join(process.env.TEST_UNDECLARED_OUTPUTS_DIR || os.tmpdir(), `${name}.png`)});
}

module.exports = {assertAccessible, launchChromium, openPage, screenshot};
