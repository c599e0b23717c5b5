'use strict';
// Records the gallery, with people and bots in its examples, as an animated WebP:
//
//   ./bazelw run //examples/gallery:record -- $PWD/examples/gallery/recording.webp [dark]
//
// It needs img2webp (the Debian package webp), Chromium and Node.js, and does not run in CI.

const {execFileSync, spawn} = require('node:child_process');
const {once} = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const WebSocket = require('ws');

const {launchChromium} = require('../../e2e/chromium.js');
const {startServer} = require('../../e2e/program.js');

const WINDOW = {width: 1040, height: 850};
const SECONDS = 12;
const FRAMES_PER_SECOND = 8;
const QUALITY = 65;
const MAX_BYTES = 1 << 20;

// When they say what, in seconds.
const LINES = [
  [0.5, 'Ann', 'Has anybody seen the ball?'],
  [2.5, 'Bob', 'It is between the two of us'],
  [4.5, 'Ann', 'Then why do they all run to me?'],
  [7, 'Cleo', 'Hello from my phone'],
  [9.5, 'Bob', 'Goal!'],
];

const sleep = (seconds) => new Promise((resolve) => setTimeout(resolve, 1000 * seconds));

// A person in the chat; its README documents the messages.
class Person {
  #socket;
  #lines = 0;

  constructor(server, name) {
    this.#socket = new WebSocket(`${server.url}/chat/`, 'chat.weft.v1');
    this.entered = once(this.#socket, 'open').then(() => this.#send({
      type: 'hello', key: `keyOf${name}OfTheRecording`, sender: `pageOf${name}OfTheRecording`, name, since: '', called: '',
    }));
  }

  say(text) { this.#send({type: 'say', n: ++this.#lines, text}); }
  leave() { this.#socket.close(); }
  #send(message) { this.#socket.send(JSON.stringify(message)); }
}

// Pictures of the page as it changes, each {file, at}, where `at` is in seconds.
async function film(page, folder, seconds) {
  const pictures = [];
  const session = await page.context().newCDPSession(page);
  session.on('Page.screencastFrame', ({data, metadata, sessionId}) => {
    const last = pictures.at(-1);
    if (!last || metadata.timestamp - last.at >= 0.95 / FRAMES_PER_SECOND) {
      const file = path.join(folder, `${String(pictures.length).padStart(4, '0')}.png`);
      fs.writeFileSync(file, Buffer.from(data, 'base64'));
      pictures.push({file, at: metadata.timestamp});
    }
    session.send('Page.screencastFrameAck', {sessionId}).catch(() => {});
  });
  await session.send('Page.startScreencast', {format: 'png'});
  await sleep(seconds);
  await session.send('Page.stopScreencast');
  return pictures;
}

function join(pictures, output) {
  const words = ['-loop', '0', '-min_size', '-lossy', '-q', String(QUALITY), '-m', '6'];
  pictures.forEach(({file, at}, i) => {
    const until = pictures[i + 1]?.at ?? at + 1 / FRAMES_PER_SECOND;
    words.push('-d', String(Math.round(1000 * (until - at))), file);
  });
  execFileSync('img2webp', [...words, '-o', output], {stdio: ['ignore', 'ignore', 'inherit']});
}

async function main([output, scheme = 'light']) {
  if (!output || !['light', 'dark'].includes(scheme)) throw new Error('usage: record OUTPUT.webp [dark]');
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'recording-'));
  const server = await startServer('GALLERY');
  const browser = await launchChromium();
  const bots = [['CURSORS_BOTS', '/cursors/', 7], ['WORLD_BOTS', '/world/', 12]].map(([variable, path, count]) =>
    spawn(process.env[variable], [`${server.url}${path}`, `--bots=${count}`], {stdio: ['ignore', 'ignore', 'inherit']}));
  const people = Object.fromEntries([...new Set(LINES.map(([, name]) => name))].map((name) => [name, new Person(server, name)]));
  try {
    await Promise.all(Object.values(people).map(({entered}) => entered));
    const page = await browser.newPage();
    await page.setViewportSize(WINDOW);
    await page.emulateMedia({colorScheme: scheme});
    await page.goto(server.url.replace('ws:', 'http:'));
    await page.waitForSelector('#state.connected');
    await sleep(2);  // the bots are on their way
    for (const [at, name, text] of LINES) sleep(at).then(() => people[name].say(text));
    join(await film(page, folder, SECONDS), path.resolve(process.env.BUILD_WORKING_DIRECTORY ?? '.', output));
  } finally {
    for (const person of Object.values(people)) person.leave();
    for (const bot of bots) bot.kill();
    await browser.close();
    await server.stop();
    fs.rmSync(folder, {recursive: true, force: true});
  }
  const {size} = fs.statSync(path.resolve(process.env.BUILD_WORKING_DIRECTORY ?? '.', output));
  console.log(`${output}: ${size} bytes`);
  if (size > MAX_BYTES) throw new Error(`that is more than ${MAX_BYTES}`);
}

main(process.argv.slice(2)).catch(({message, code}) => {
  console.error(code === 'ENOENT' ? `${message}: is img2webp installed?` : message);
  process.exitCode = 1;
});
