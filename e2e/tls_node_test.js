'use strict';
// wss:// with npm's ws and with headless Chromium: the TLS echo server with the cases of websocket_cases.js, and the
// echo client with a server of ws on https.

const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const {once} = require('node:events');
const fs = require('node:fs');
const https = require('node:https');
const os = require('node:os');
const path = require('node:path');
const tls = require('node:tls');
const {after, before, test} = require('node:test');
const {chromium} = require('playwright-core');
const WebSocket = require('ws');

const {exitOf, outputOf, startServer} = require('./program.js');
const {cases, textOf} = require('./websocket_cases.js');

const LIMIT = {timeout: 120_000};
const {CA_PEM, SERVER_PEM, SERVER_KEY} = process.env;
const ca = fs.readFileSync(CA_PEM);
const identity = {cert: fs.readFileSync(SERVER_PEM), key: fs.readFileSync(SERVER_KEY)};

let pages;  // an https server with an empty page
let server;
let url;
let browser;
let profile;

// The port of 127.0.0.1 on which `server` listens.
async function listen(server) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server.address().port;
}

before(async () => {
  pages = https.createServer(identity, (request, response) => {
    response.setHeader('Content-Type', 'text/html');
    response.end('<!doctype html><title>wss</title>');
  });
  const origin = `https://localhost:${await listen(pages)}`;
  server = await startServer('TLS_SERVER', [`--cert=${SERVER_PEM}`, `--key=${SERVER_KEY}`, `--allow_origin=${origin}`]);
  url = server.url.replace('ws:', 'wss:').replace('127.0.0.1', 'localhost');

  // Trusts one key, our certificate's, instead of every certificate.
  const spki = new crypto.X509Certificate(identity.cert).publicKey.export({type: 'spki', format: 'der'});
  const pin = crypto.createHash('sha256').update(spki).digest('base64');
  profile = fs.mkdtempSync(path.join(process.env.TEST_TMPDIR || os.tmpdir(), 'chromium-'));
  browser = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM,
    args: [
      '--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync',
      `--ignore-certificate-errors-spki-list=${pin}`,
    ],
  });
  browser.origin = origin;
});

after(async () => {
  await browser?.close();
  fs.rmSync(profile, {recursive: true, force: true});
  pages.close();
  assert.equal(await server.stop(), 0, 'exit code after SIGTERM');
});

// ---- Our server

class TrustingWebSocket extends WebSocket {
  constructor(url) {
    super(url, {ca});
  }
}

for (const [name, run] of Object.entries(cases)) {
  test(`ws: ${name}`, LIMIT, () => run(TrustingWebSocket, url));

  test(`Chromium, from a page on https: ${name}`, LIMIT, async (t) => {
    const page = await browser.newPage();
    t.after(() => page.close());
    await page.goto(browser.origin);
    await page.addScriptTag({path: path.join(__dirname, 'websocket_cases.js')});
    await page.evaluate(([name, url]) => websocketCases.cases[name](WebSocket, url), [name, url]);
  });
}

test('ws refuses the server where it does not know the CA', LIMIT, async () => {
  const socket = new WebSocket(url);
  const [error] = await once(socket, 'error');
  assert.match(error.message, /unable to verify/);
});

test('the second connection takes up the session of the first', LIMIT, async () => {
  const {hostname, port} = new URL(url);
  const connect = async (session) => {
    const socket = tls.connect({host: hostname, port, ca, session, servername: 'localhost', ALPNProtocols: ['http/1.1']});
    await once(socket, 'secureConnect');
    return socket;
  };
  const first = await connect();
  assert.equal(first.alpnProtocol, 'http/1.1');
  assert.equal(first.getProtocol(), 'TLSv1.3');
  const session = once(first, 'session');  // Its ticket arrives with the first answer.
  first.write('GET / HTTP/1.1\r\n\r\n');
  const [ticket] = await session;
  first.destroy();
  const second = await connect(ticket);
  assert.ok(second.isSessionReused());
  second.destroy();
});

// ---- Our client

test('the echo client against ws on https', LIMIT, async (t) => {
  const web = https.createServer(identity);
  const sockets = new WebSocket.Server({server: web});
  sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(`<${data}>`)));
  const port = await listen(web);
  t.after(() => web.close());
  const messages = ['Hello', '', 'Schuß, 織物 🧵', textOf(65536)];
  for (const host of ['localhost', '127.0.0.1']) {
    const output = await outputOf('ECHO_CLIENT', [`--ca=${CA_PEM}`, `wss://${host}:${port}/`, ...messages]);
    assert.equal(output, messages.map((message) => `<${message}>\n`).join(''));
  }
  assert.equal(await exitOf('ECHO_CLIENT', [`wss://localhost:${port}/`, 'Hello']), 1, 'the CA is not among the system\'s');
});
