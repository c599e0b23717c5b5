'use strict';
// A browser's WebSocket over HTTP/2 (RFC 8441) to a proxy, which passes it on to our server over HTTP/1.1. The
// configurations are those of docs/howto/proxies.md.

const assert = require('node:assert/strict');
const {spawn} = require('node:child_process');
const {once} = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const {after, before, test} = require('node:test');

const {launchChromium, openPage} = require('./chromium.js');
const {startServer} = require('./program.js');

const LIMIT = {timeout: 120_000};
const PAGE = fs.readFileSync(process.env.PROXIES_PAGE, 'utf8');

let server;
let browser;

before(async () => {
  server = await startServer('ECHO_SERVER', ['--trusted_proxies=127.0.0.1']);
  browser = await launchChromium(['--ignore-certificate-errors']);
});

after(async () => {
  await browser?.close();
  assert.equal(await server.stop(), 0, 'exit code after SIGTERM');
});

// The blocks of a language on the page, in order.
const blocks = (language) => [...PAGE.matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, 'gm'))].map(([, text]) => text);

// The text with each old part, which it must have, replaced.
function replaced(text, pairs) {
  for (const [old, fresh] of pairs) {
    assert.ok(text.includes(old), `${old} is not in the configuration:\n${text}`);
    text = text.replaceAll(old, fresh);
  }
  return text;
}

async function freePort() {
  const listener = net.createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const {port} = listener.address();
  listener.close();
  await once(listener, 'close');
  return port;
}

// Whether the process, which does not report it, listens there; false if it ends because its port was taken.
async function listens(child, port) {
  while (child.exitCode === null) {
    const socket = net.connect(port, '127.0.0.1');
    const connected = await new Promise((resolve) => {
      socket.on('connect', () => resolve(true));
      socket.on('error', () => resolve(false));
    });
    socket.destroy();
    if (connected) return child.exitCode === null;
    await new Promise((resolve) => setTimeout(resolve, 10));  // it has just been started
  }
  return false;
}

// A proxy on a free port until the test `t` ends. `configure(port, folder)` returns its command. `stop()` ends it, and
// resolves to the lines of its log, of which each has the protocol of the client, the method and the status.
async function startProxy(t, configure) {
  for (let attempt = 0; attempt < 5; ++attempt) {
    const folder = fs.mkdtempSync(path.join(process.env.TEST_TMPDIR || os.tmpdir(), 'proxy-'));
    const port = await freePort();
    const [file, ...args] = configure(port, folder);
    const log = path.join(folder, 'log');  // a file, because Apache cannot open /dev/stdout if it is a pipe of Node.js
    const child = spawn(file, args, {stdio: ['ignore', fs.openSync(log, 'w'), 'inherit']});
    const ended = once(child, 'close');
    const stop = async () => {
      child.kill();
      await ended;
      return fs.readFileSync(log, 'utf8').split('\n');
    };
    t.after(async () => {
      await stop();
      fs.rmSync(folder, {recursive: true, force: true});
    });
    if (await listens(child, port)) return {port, stop};
  }
  throw new Error('the proxy does not start');
}

function configureHaproxy(port, folder) {
  const both = path.join(folder, 'both.pem');
  fs.writeFileSync(both, ['SERVER_PEM', 'SERVER_KEY'].map((name) => fs.readFileSync(process.env[name])).join(''));
  const [bind] = blocks('haproxy-bind');
  const text = replaced(blocks('haproxy')[0], [
    ['  bind :8000\n', replaced(bind, [[':8443', `127.0.0.1:${port}`], ['/etc/ssl/example.com.both.pem', both]])],
    ['127.0.0.1:8080', new URL(server.url).host],
    ['mode http\n', 'mode http\n  log stdout format raw local0\n  log-format "%HV %HM %ST"\n'],
  ]);
  const file = path.join(folder, 'haproxy.cfg');
  fs.writeFileSync(file, text);
  return ['haproxy', '-db', '-f', file];
}

function configureApache(port, folder) {
  const modules = ['mpm_event', 'authz_core', 'proxy', 'proxy_http', 'headers', 'ssl', 'http2'];
  const text = [
    ...modules.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`),
    `ServerRoot ${folder}`, 'ServerName localhost', `DefaultRuntimeDir ${folder}`, `PidFile ${folder}/pid`, `Mutex file:${folder} default`,
    'ErrorLog /dev/stderr', 'LogFormat "%H %m %>s" protocol', 'CustomLog /dev/stdout protocol', `Listen 127.0.0.1:${port}`,
    ...process.getuid() === 0 ? ['User nobody', 'Group nogroup'] : [],
    replaced(blocks('apache')[1], [
      ['*:8443', `*:${port}`], ['127.0.0.1:8080', new URL(server.url).host],
      ['/etc/ssl/example.com.pem', path.resolve(process.env.SERVER_PEM)], ['/etc/ssl/example.com.key', path.resolve(process.env.SERVER_KEY)],
    ]),
  ].join('\n');
  const file = path.join(folder, 'apache.conf');
  fs.writeFileSync(file, text);
  return ['apache2', '-X', '-d', folder, '-f', file];
}

// Runs in the page. Resolves to what a session has seen.
async function talk() {
  const socket = new WebSocket(`wss://${location.host}/`);
  const opened = await new Promise((resolve) => {
    socket.onopen = () => resolve(true);
    socket.onclose = () => resolve(false);
  });
  if (!opened) return {opened};
  const closed = new Promise((resolve) => socket.onclose = ({code, reason}) => resolve({code, reason}));
  const echoes = [];
  for (const message of ['Hello', 'x'.repeat(1 << 20)]) {
    socket.send(message);
    echoes.push(await new Promise((resolve) => socket.onmessage = ({data}) => resolve(data === message)));
  }
  const {extensions} = socket;
  socket.close(4001, 'bye');
  const [{nextHopProtocol}] = performance.getEntriesByType('navigation');
  return {opened, nextHopProtocol, extensions, echoes, closed: await closed};
}

for (const [name, configure] of Object.entries({HAProxy: configureHaproxy, Apache: configureApache})) {
  test(`${name} passes a WebSocket over HTTP/2 on`, LIMIT, async (t) => {
    const proxy = await startProxy(t, configure);
    const page = await openPage(t, browser, `https://localhost:${proxy.port}/healthz`, {width: 640, height: 480, expected: /favicon|426/});
    const {extensions, ...seen} = await page.evaluate(talk);
    assert.deepEqual(seen, {
      opened: true, nextHopProtocol: 'h2', echoes: [true, true], closed: {code: 4001, reason: 'bye'},
    });
    assert.match(extensions, /^permessage-deflate/);
    const log = await proxy.stop();
    assert.ok(log.includes('HTTP/2.0 GET 101'), `no WebSocket over HTTP/2:\n${log.join('\n')}`);
  });
}
