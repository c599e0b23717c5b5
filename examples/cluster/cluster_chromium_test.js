'use strict';
// The panel in headless Chromium: nodes and Redis are killed and started again, and no line gets lost.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const {spawnSync} = require('node:child_process');
const {after, before, test} = require('node:test');

const {assertAccessible, launchChromium, openPage, screenshot} = require('../../e2e/chromium.js');
const {startServer} = require('../../e2e/program.js');

const LIMIT = {timeout: 280_000};
const NODES = ['A', 'B', 'C'];

let browser;

before(async () => {
  browser = await launchChromium();
  process.env.TMPDIR = process.env.TEST_TMPDIR ?? os.tmpdir();  // for the panel's folder; too long a path for Chromium
});
after(async () => browser?.close());

async function open(t) {
  const server = await startServer('CLUSTER');
  const page = await openPage(t, browser, server.url.replace('ws:', 'http:'), {
    width: 900, height: 800, expected: /^WebSocket connection to .* failed/,
  });
  return {server, page};
}

async function start(t) {
  const {server, page} = await open(t);
  t.after(async () => assert.equal(await server.stop(), 0, 'exit code after SIGTERM'));
  return page;
}

const number = (page, name) => page.$eval(`[data-figure=${name}]`, (each) => Number(each.textContent.replace(/,/g, '')));
const pidOf = (page, name) => page.$eval(`#process-${name}`, (row) => Number(row.dataset.pid));
const kill = (page, name) => page.click(`#process-${name} .kill`);
const restart = async (page, name) => {
  await page.click(`#process-${name} .start`);
  await page.waitForSelector(`#process-${name} .kill`);
};

// The rows of the clients.
const rowsOf = (page) => page.$$eval('#clients tr', (rows) => rows.map(({cells}) => {
  const [name, node, lines, behind, resumed, gaps, missing] = [...cells].map(({textContent}) => textContent);
  return {name, node, lines: Number(lines), behind: Number(behind), resumed: Number(resumed), gaps: Number(gaps), missing: Number(missing)};
}));

// Every client has this many more lines than the bot has got back now, and a node that is not `dead`.
async function linesFlow(page, {more = 5, dead = ''} = {}) {
  const least = await number(page, 'stored') + more;
  await page.waitForFunction(([least, dead]) => {
    const rows = [...document.querySelectorAll('#clients tr')].map(({cells}) => [...cells].map(({textContent}) => textContent));
    return rows.length === 4 && rows.every(([, node, lines]) => Number(lines) >= least && node !== '–' && node !== dead);
  }, [least, dead], {timeout: 120_000});
}

// The bot has stopped, and all its lines are everywhere.
async function nothingIsLost(page) {
  await page.click('#pause');
  await page.waitForFunction(() => {
    const figure = (name) => document.querySelector(`[data-figure=${name}]`).textContent;
    const rows = [...document.querySelectorAll('#clients tr')];
    return figure('sent') === figure('stored') && rows.every(({cells}) => cells[3].textContent === '0' && cells[6].textContent === '0');
  }, null, {timeout: 120_000});
  const sent = await number(page, 'sent');
  for (const {name, lines, missing} of await rowsOf(page)) assert.deepEqual([lines, missing], [sent, 0], name);
  assert.equal(await number(page, 'missing'), 0);
}

test('nodes are killed and started again, and no line is lost', LIMIT, async (t) => {
  const page = await start(t);
  await linesFlow(page);
  assert.deepEqual((await rowsOf(page)).map(({name, node}) => [name, node]), [['Bot', 'A'], ...NODES.map((name) => [`Reader ${name}`, name])]);
  await assertAccessible(page);
  for (const name of NODES) {
    const before = await pidOf(page, name);
    await kill(page, name);
    await page.waitForSelector(`#process-${name} .start`);
    assert.throws(() => process.kill(before, 0), /ESRCH/);
    await linesFlow(page, {dead: name});
    if (name === 'A') await assertAccessible(page);
    await restart(page, name);
    assert.notEqual(await pidOf(page, name), before);
  }
  await nothingIsLost(page);
  const rows = await rowsOf(page);
  for (const {name, resumed, gaps} of rows) assert.ok(resumed >= 1 && gaps === 0, `${name}: ${resumed} resumed, ${gaps} gaps`);
});

test('Redis is killed and started again, and no line is lost', LIMIT, async (t) => {
  const page = await start(t);
  await linesFlow(page);
  const before = await number(page, 'sent');
  await kill(page, 'redis');
  await page.waitForSelector('#process-redis .start');
  // The bot writes more lines, which wait.
  await page.waitForFunction((before) => Number(document.querySelector('[data-figure=sent]').textContent) > before + 5, before);
  await restart(page, 'redis');
  await linesFlow(page);
  // A node that ends while Redis is away.
  await kill(page, 'redis');
  await kill(page, 'B');
  await page.waitForSelector('#process-B .start');
  await restart(page, 'redis');
  await linesFlow(page, {dead: 'B'});
  await screenshot(page, 'cluster');
  await page.emulateMedia({colorScheme: 'dark'});
  await screenshot(page, 'cluster-dark');
  await nothingIsLost(page);
  assert.deepEqual((await rowsOf(page)).map(({gaps}) => gaps), [0, 0, 0, 0]);
});

test('all processes end with the panel', LIMIT, async (t) => {
  for (const signal of ['SIGTERM', 'SIGKILL']) {
    const {server, page} = await open(t);
    t.after(() => server.stop('SIGKILL'));
    await linesFlow(page);
    const pids = await Promise.all(['redis', ...NODES].map((name) => pidOf(page, name)));
    for (const pid of pids) process.kill(pid, 0);
    await server.stop(signal);
    await page.waitForFunction(() => document.getElementById('state').textContent === 'The panel has ended');
    for (const pid of pids) {
      // A zombie that nobody has waited for counts as ended.
      const runs = () => {
        try { return !/^State:\s+Z/m.test(fs.readFileSync(`/proc/${pid}/status`, 'utf8')); } catch { return false; }
      };
      while (runs()) await new Promise(setImmediate);
    }
  }
});

test('errors say what to do', LIMIT, () => {
  const run = (args, env = process.env) => {
    const {status, stderr} = spawnSync(process.env.CLUSTER, args, {env, encoding: 'utf8'});
    return [status, stderr];
  };
  assert.deepEqual(run(['--port=0'], {...process.env, PATH: '/nowhere'}), [1,
    'Error: redis-server is not installed: apt-get install redis-server, or valkey with a link of that name\n']);
  assert.deepEqual(run(['--chat=/nowhere/chat']), [1,
    'Error: --chat: there is no program /nowhere/chat; start this one by ./bazelw run //examples/cluster, which builds it\n']);
  assert.deepEqual(run(['more']), [2, 'unexpected argument: more (try --help)\n']);
});
