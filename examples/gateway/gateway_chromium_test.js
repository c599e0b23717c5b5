'use strict';
// The gateway's page in headless Chromium, with the simulated feed, another gateway's feed, and worse ones.

const assert = require('node:assert/strict');
const net = require('node:net');
const {after, before, test} = require('node:test');

const {assertAccessible, launchChromium, openPage, screenshot} = require('../../e2e/chromium.js');
const {exitOf, startServer} = require('../../e2e/program.js');

const LIMIT = {timeout: 120_000};
const WIDE = {width: 1080, height: 620};

let browser;

before(async () => browser = await launchChromium());
after(async () => browser?.close());

// A gateway with these flags. stopAfter() is called when the test's pages are open: they are closed first.
const start = (...flags) => startServer('GATEWAY_SERVER', flags);
const stopAfter = (t, server) => t.after(async () => assert.equal(await server.stop(), 0, 'exit code after SIGTERM'));

const open = (t, url, view = {}) => openPage(t, browser, url.replace('ws:', 'http:'), {...WIDE, ...view});

// The page of a gateway of its own.
async function visit(t, ...flags) {
  const server = await start(...flags);
  const page = await open(t, server.url);
  stopAfter(t, server);
  return page;
}

const says = (page, text) => page.waitForFunction((text) => document.getElementById('state').textContent === text, text);
const figure = (page, name, pattern) => page.waitForFunction(
    ([name, pattern]) => new RegExp(pattern).test(document.querySelector(`[data-figure=${name}]`).textContent), [name, pattern]);

// The chart as pixels: what it shows differs.
const picture = (page) => page.$eval('#plot', (canvas) => canvas.toDataURL());

// Pixels of the chart that have the colour of its line.
const linePixels = (page) => page.$eval('#plot', (canvas) => {
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(getComputedStyle(document.documentElement).getPropertyValue('--accent').trim().slice(at, at + 2), 16));
  const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let count = 0;
  for (let i = 0; i < data.length; i += 4) {
    if (Math.hypot(data[i] - r, data[i + 1] - g, data[i + 2] - b) < 30 && data[i + 3] > 200) ++count;
  }
  return count;
});

test('it shows the prices of a dozen instruments, and a chart', LIMIT, async (t) => {
  const page = await visit(t);
  await says(page, 'Connected');
  await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 12);
  await figure(page, 'upstreams', '^1 of 1$');
  await figure(page, 'rate', '^([1-9]|1\\d|2\\d)/s$');
  await figure(page, 'received', '^[1-9]\\d*/s$');
  const cells = await page.$$eval('tbody tr', (rows) => rows.map((row) => [...row.cells].map((cell) => cell.textContent)));
  for (const [symbol, , last, change] of cells) {
    assert.match(symbol, /^[A-Z]{4}$/);
    assert.match(last, /^\d+\.\d\d$/);
    assert.match(change, /^(▲ \+|▼ −)?\d\.\d\d %$/);
  }
  // Prices change, and so does the chart.
  const [prices, chart] = [JSON.stringify(cells), await picture(page)];
  await page.waitForFunction((before) => JSON.stringify([...document.querySelectorAll('tbody tr')].map((row) => [...row.cells].map((cell) => cell.textContent))) !== before, prices);
  await page.waitForFunction((before) => document.getElementById('plot').toDataURL() !== before, chart);
  assert.ok(await linePixels(page) > 100);
  // Its text for a screen reader.
  assert.match(await page.getAttribute('#plot', 'aria-label'), /^[A-Z]{4} in the last minute: from \d+\.\d\d to \d+\.\d\d, lowest/);
});

test('the keyboard selects an instrument, and a click does', LIMIT, async (t) => {
  const page = await visit(t);
  await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 12);
  const symbols = await page.$$eval('tbody input', (inputs) => inputs.map(({value}) => value));
  assert.deepEqual(symbols, [...symbols].sort());
  const selected = (symbol) => page.waitForFunction((symbol) => document.getElementById('symbol').textContent === symbol, symbol);
  await selected(symbols[0]);
  await page.focus('tbody input');
  await page.keyboard.press('ArrowDown');
  await selected(symbols[1]);
  await page.keyboard.press('ArrowDown');
  await selected(symbols[2]);
  assert.equal(await page.evaluate(() => document.activeElement.value), symbols[2]);
  await page.click('tbody tr:nth-child(6) td:nth-child(3)');
  await selected(symbols[5]);
  assert.ok(await page.isChecked('tbody tr:nth-child(6) input'));
});

test('when the feed is cut the page says so, and when it comes back', LIMIT, async (t) => {
  const page = await visit(t);
  await says(page, 'Connected');
  await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 12);
  await page.focus('#cut');
  await page.keyboard.press('Enter');
  await says(page, 'Reconnecting');
  assert.notEqual(await page.textContent('#reason'), '');
  await page.waitForFunction(() => /^Next attempt in \d+ s\.$/.test(document.getElementById('countdown').textContent));
  await figure(page, 'upstreams', '^0 of 1$');
  await figure(page, 'rate', '^0/s$');
  // The button keeps the focus, and does nothing.
  assert.equal(await page.getAttribute('#cut', 'aria-disabled'), 'true');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'cut');
  await page.keyboard.press('Enter');
  await assertAccessible(page);

  await says(page, 'Connected');
  assert.match(await page.textContent('#why'), /^The feed is simulated/);
  await figure(page, 'upstreams', '^1 of 1$');
  await figure(page, 'rate', '^[1-9]');
  const [outage] = await page.evaluate(() => gateway.outages);
  assert.ok(outage.to > outage.from, JSON.stringify(outage));
  // There are prices again.
  await page.waitForFunction((to) => gateway.pointsOf(gateway.selected).at(-1).time > to, outage.to);
});

test('its metrics are those of the server and of its clients', LIMIT, async (t) => {
  const server = await start('--upstreams=3');
  stopAfter(t, server);
  let metrics = '';
  while (!/^weft_client_connections 3$/m.test(metrics)) {
    metrics = await (await fetch(`${server.url.replace('ws:', 'http:')}/metrics`)).text();
  }
  assert.match(metrics, /^weft_connections \d+$/m);
  assert.match(metrics, /^gateway_upstreams_connected \d$/m);
});

test('a thousand upstream connections on one thread', LIMIT, async (t) => {
  const page = await visit(t, '--upstreams=1000');
  page.setDefaultTimeout(110_000);  // they come back at random moments, so that the feed can take them
  await says(page, 'Connected');
  await figure(page, 'upstreams', '^1,000 of 1,000$');
  await figure(page, 'rate', '^\\d+,\\d{3}/s$');  // thousands of messages per second
  // Of which the page gets ten for each instrument, and a few for the state.
  await figure(page, 'received', '^([1-9]\\d|1[0-4]\\d)/s$');
  await page.click('#cut');
  await figure(page, 'upstreams', '^0 of 1,000$');
  await says(page, 'Connected');
  await figure(page, 'upstreams', '^1,000 of 1,000$');
});

// A way to the gateway that can be blocked, as by a network without bandwidth, and cut.
async function startWay(t, to) {
  const pairs = new Set();
  let cut = false;
  const way = net.createServer((page) => {
    if (cut) return page.destroy();
    const server = net.connect(new URL(to).port, '127.0.0.1');
    pairs.add({page, server});
    page.pipe(server).on('error', () => {});
    server.pipe(page).on('error', () => {});
    page.on('close', () => server.destroy());
    server.on('close', () => page.destroy());
  });
  await new Promise((resolve) => way.listen(0, '127.0.0.1', resolve));
  const end = () => {
    cut = true;
    for (const {page} of pairs) page.destroy();
  };
  t.after(() => way.close());
  return {
    url: `ws://127.0.0.1:${way.address().port}`,
    block: () => { for (const {page, server} of pairs) server.unpipe(page); },
    unblock: () => { for (const {page, server} of pairs) server.pipe(page); },
    cut: end,
    mend: () => cut = false,
  };
}

test('a page that could not read for a while gets the latest prices, not those it has missed', LIMIT, async (t) => {
  const server = await start();
  const way = await startWay(t, server.url);
  const [slow, fast] = [await open(t, way.url), await open(t, server.url)];
  stopAfter(t, server);
  for (const page of [slow, fast]) await page.waitForFunction(() => gateway.age < 1000);
  const pointsOf = (page) => page.evaluate(() => gateway.pointsOf(gateway.selected).map(({time}) => time));
  way.block();
  const from = (await pointsOf(slow)).at(-1);
  await fast.waitForFunction((from) => gateway.pointsOf(gateway.selected).at(-1).time > from + 12_000, from);
  way.unblock();
  await slow.waitForFunction(() => gateway.age < 1000);
  const to = (await pointsOf(slow)).at(-1);
  const between = (times) => times.filter((time) => time > from + 5000 && time < from + 11_000).length;
  assert.ok(between(await pointsOf(fast)) > 2);
  assert.equal(between(await pointsOf(slow)), 0);
  assert.ok(to > from + 12_000);
});

test('without the gateway the page says so, and comes back by itself', LIMIT, async (t) => {
  const server = await start();
  const way = await startWay(t, server.url);
  const page = await open(t, way.url, {expected: /^WebSocket connection .* failed/});
  stopAfter(t, server);
  await says(page, 'Connected');
  way.cut();
  await says(page, 'No connection to the gateway');
  await assertAccessible(page);
  way.mend();
  await says(page, 'Connected');
});

test('a feed that is not there, and one that is none', LIMIT, async (t) => {
  const nothing = net.createServer();
  await new Promise((resolve) => nothing.listen(0, '127.0.0.1', resolve));
  const {port} = nothing.address();
  await new Promise((resolve) => nothing.close(resolve));
  const page = await visit(t, `--upstream=ws://127.0.0.1:${port}/`);
  await says(page, 'Reconnecting');
  assert.match(await page.textContent('#reason'), /refused/);
  assert.ok(await page.isHidden('#cut'), 'the page cannot cut a feed that is not simulated');
  await assertAccessible(page);

  // Another gateway answers, at a path where it has a page and no feed.
  const other = await start();
  const lost = await visit(t, `--upstream=${other.url}/nowhere`);
  stopAfter(t, other);
  await says(lost, 'Gave up');
  assert.match(await lost.textContent('#reason'), /40[0-9]/);
});

test('bad flags are refused by name', LIMIT, async () => {
  for (const flag of ['--upstreams=0', '--upstreams=10001', '--upstream=http://example.com', '--cert=x', 'word']) {
    assert.equal(await exitOf('GATEWAY_SERVER', ['--port=0', flag]), 2, flag);
  }
});

test('it looks like this', LIMIT, async (t) => {
  const page = await visit(t, '--upstreams=100');
  await says(page, 'Connected');
  await figure(page, 'rate', '^[1-9]');
  await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 12);
  await screenshot(page, 'gateway_light');
  await page.emulateMedia({colorScheme: 'dark'});
  await page.evaluate(() => new Promise(requestAnimationFrame));
  await screenshot(page, 'gateway_dark');
  await assertAccessible(page);
  await page.setViewportSize({width: 320, height: 720});
  await page.evaluate(() => new Promise(requestAnimationFrame));
  await screenshot(page, 'gateway_narrow');
});
