'use strict';
// The chat in headless Chromium with two people, a third at a terminal, and a network that breaks.

const assert = require('node:assert/strict');
const {spawn} = require('node:child_process');
const {once} = require('node:events');
const net = require('node:net');
const {after, before, test} = require('node:test');

const {assertAccessible, launchChromium, openPage, screenshot} = require('../../e2e/chromium.js');
const {startServer} = require('../../e2e/program.js');

const LIMIT = {timeout: 120_000};

let browser;

before(async () => {
  browser = await launchChromium();
});

after(() => browser?.close());

// A relay to the server, which can be cut: bytes in transit are lost, and no connection succeeds until it is
// restored. The server behind it can be replaced; for clients the port stays the same.
class Network {
  #target = null;
  #sockets = new Set();
  #listener = net.createServer((socket) => this.#connect(socket));

  async start(url) {
    this.mend(url);
    this.#listener.listen(0, '127.0.0.1');
    await once(this.#listener, 'listening');
    this.port = this.#listener.address().port;
  }

  cut() {
    this.#target = null;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend(url) { this.#target = new URL(url); }

  end() {
    this.cut();
    this.#listener.close();
  }

  #connect(near) {
    if (this.#target === null) return near.destroy();
    const far = net.connect(Number(this.#target.port), this.#target.hostname);
    for (const [socket, other] of [[near, far], [far, near]]) {
      this.#sockets.add(socket);
      socket.setNoDelay().pipe(other);
      socket.on('error', () => {}).on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
  }
}

async function startRoom(t) {
  const room = {server: await startServer('CHAT_SERVER', ['--threads=2']), network: new Network()};
  await room.network.start(room.server.url);
  t.after(async () => {
    room.network.end();
    assert.equal(await room.server.stop(), 0, 'exit code after SIGTERM');
  });
  return room;
}

// A person's window. Each has its own origin, and so its own storage.
function open(t, room, person, {network = room.network, ...window} = {}) {
  const url = `http://${person}.localhost:${network.port}/`;
  return openPage(t, browser, url, {width: 760, height: 420, expected: /^WebSocket connection to .* failed/, ...window});
}

async function join(t, room, name, options) {
  const page = await open(t, room, name.toLowerCase(), options);
  await enter(page, name);
  return page;
}

async function enter(page, name) {
  await page.fill('#name', name);
  await page.keyboard.press('Enter');
  await page.waitForSelector('#text:enabled');
}

async function say(page, text) {
  await page.fill('#text', text);
  await page.press('#text', 'Enter');
}

// The terminal client, in the room.
async function dial(t, url) {
  const client = spawn(process.env.CHAT_CLIENT, [`--url=${url}`], {stdio: ['pipe', 'pipe', 'inherit']});
  let output = '';
  client.stdout.setEncoding('utf8').on('data', (text) => { output += text; });
  const terminal = {
    type: (line) => client.stdin.write(`${line}\n`),
    async waitFor(text) {
      while (!output.includes(text)) await once(client.stdout, 'data');
    },
    get lines() { return [...output.matchAll(/rcv=> (.*)/g)].map(([, line]) => line); },
  };
  t.after(async () => {
    client.stdin.end();
    await once(client, 'close');
  });
  terminal.type('connect');
  await terminal.waitFor('Connected successfully.');
  return terminal;
}

const linesOf = (page) => page.$$eval('.said:not(.waiting) q', (all) => all.map((each) => each.textContent));
const notesOf = (page) => page.$$eval('.note', (all) => all.map((each) => each.textContent));
const peopleOf = (page) => page.$$eval('#people bdi', (all) => all.map((each) => each.textContent));
const seesLine = (page, text) => page.waitForFunction((text) =>
  [...document.querySelectorAll('.said:not(.waiting) q')].some((each) => each.textContent === text), text);
const reads = (page, selector, text) => page.waitForFunction(([selector, text]) =>
  document.querySelector(selector).textContent === text, [selector, text]);
const knows = (page, people) => page.waitForFunction((people) =>
  [...document.querySelectorAll('#people bdi')].map((each) => each.textContent).join() === people, people.join());

test('two windows and a terminal see each other, and what each says', LIMIT, async (t) => {
  const room = await startRoom(t);
  const ann = await join(t, room, 'Ann');
  await reads(ann, '#here', 'Only you are here');
  const bob = await join(t, room, 'Bob');
  const terminal = await dial(t, room.server.url);
  for (const page of [ann, bob]) await knows(page, ['Ann', 'Bob', 'guest 1']);
  await reads(bob, '#here', '3 people are here');

  await say(ann, 'Has anybody read RFC 6455 to its end?');
  await seesLine(bob, 'Has anybody read RFC 6455 to its end?');
  await terminal.waitFor('rcv=> Ann: Has anybody read RFC 6455 to its end?');
  await bob.type('#text', 'I am at');
  await reads(ann, '#typing', 'Bob is typing …');
  await bob.fill('#text', 'I am at section 5.4.');
  await bob.press('#text', 'Enter');
  await seesLine(ann, 'I am at section 5.4.');
  await reads(ann, '#typing', '');
  terminal.type('All 71 pages, on a train');
  for (const page of [ann, bob]) await seesLine(page, 'All 71 pages, on a train');

  // The time of a message, in the reader's form, with its date as a tooltip and for programs.
  const [time] = await ann.$$eval('.said time', (all) => all.map(({dateTime, title, textContent}) => ({dateTime, title, textContent})));
  assert.match(time.dateTime, /^20\d\d-\d\d-\d\dT[\d:.]+Z$/);
  assert.equal(time.title, await ann.evaluate((at) => new Date(at).toLocaleString([], {dateStyle: 'full', timeStyle: 'medium'}), time.dateTime));
  assert.equal(time.textContent, await ann.evaluate((at) => new Date(at).toLocaleTimeString([], {timeStyle: 'short'}), time.dateTime));

  const cy = await join(t, room, 'Cy');
  await cy.type('#text', 'W');
  await reads(ann, '#typing', 'Cy is typing …');
  await bob.type('#text', 'W');
  await reads(ann, '#typing', 'Cy and Bob are typing …');
  await ann.bringToFront();
  await screenshot(ann, 'chat_light');
  await ann.emulateMedia({colorScheme: 'dark', reducedMotion: 'reduce'});
  await screenshot(ann, 'chat_dark');
  await ann.emulateMedia({colorScheme: 'light', reducedMotion: null});
  await assertAccessible(ann);
  await cy.close();
  await knows(ann, ['Ann', 'Bob', 'guest 1']);

  const markup = '<b>bold</b> <script>document.title = "taken"</script> <img src=x onerror="document.title = 1"> &amp;';
  await say(bob, markup);
  for (const page of [ann, bob]) await seesLine(page, markup);
  assert.equal(await ann.$('#log b, #log script, #log img'), null);
  assert.equal(await ann.title(), 'Weft chat');
  await terminal.waitFor(`rcv=> Bob: ${markup}`);

  const said = ['Has anybody read RFC 6455 to its end?', 'I am at section 5.4.', 'All 71 pages, on a train', markup];
  assert.deepEqual(await linesOf(ann), said);
  assert.deepEqual(await linesOf(bob), said);
  assert.deepEqual(await ann.$$eval('.said.own q', (all) => all.map((each) => each.textContent)), [said[0]]);
  assert.deepEqual(terminal.lines, [`Ann: ${said[0]}`, `Bob: ${said[1]}`, said[2], `Bob: ${markup}`]);

  // Another tab of the same person, which the room already lists once; and the history.
  const tab = await open(t, room, 'ann');
  await knows(tab, ['Ann', 'Bob', 'guest 1']);
  assert.deepEqual(await linesOf(tab), said);
  assert.equal((await tab.$$('.said.own')).length, 1);
  await say(tab, 'From my other tab');
  await seesLine(ann, 'From my other tab');
  assert.equal((await ann.$$('.said.own')).length, 2);
  await tab.close();

  await bob.click('#rename');
  await bob.fill('#name', '\u202E');
  await bob.press('#name', 'Enter');
  await reads(bob, '#refused', 'a name needs something that can be seen');
  await assertAccessible(bob);
  await bob.fill('#name', 'ann');
  await bob.press('#name', 'Enter');
  for (const page of [ann, bob]) await knows(page, ['Ann', 'ann (2)', 'guest 1']);
  await bob.close();
  await knows(ann, ['Ann', 'guest 1']);
  assert.deepEqual((await notesOf(ann)).slice(-2), ['Bob is now ann (2)', 'ann (2) left']);
});

test('a login names its person in every tab and room, until the logout', LIMIT, async (t) => {
  const room = await startRoom(t);
  const bob = await join(t, room, 'Bob');
  const ann = await open(t, room, 'ann');
  await ann.waitForSelector('#who[open]');  // the question to a guest
  await ann.click('#instead a');
  await ann.waitForURL('**/login');
  await assertAccessible(ann);
  await ann.fill('#name', '\u202E');
  await ann.click('button');
  await ann.waitForURL('**/login#refused');
  assert.ok(await ann.isVisible('#refused'));
  await assertAccessible(ann);
  await screenshot(ann, 'chat_login_refused');
  await ann.fill('#name', 'Ann');
  await screenshot(ann, 'chat_login');
  await ann.emulateMedia({colorScheme: 'dark', reducedMotion: 'reduce'});
  await screenshot(ann, 'chat_login_dark');
  await ann.emulateMedia({colorScheme: 'light', reducedMotion: null});
  await ann.click('button');
  await ann.waitForSelector('#text:enabled');  // without a question
  for (const page of [ann, bob]) await knows(page, ['Bob', 'Ann']);
  assert.equal(new URL(ann.url()).pathname, '/');
  assert.equal(await ann.evaluate(() => document.cookie), '', 'a script sees the cookie');
  const [cookie] = await browser.cookies(ann.url());
  assert.deepEqual([cookie.name, cookie.httpOnly, cookie.sameSite, cookie.secure], ['chat_session', true, 'Strict', false]);

  // Another tab, whose storage has another key, as that of another browser would.
  await ann.evaluate(() => localStorage.setItem('chat.key', 'anotherKeyOfThisPerson'));
  const tab = await open(t, room, 'ann');
  await knows(tab, ['Bob', 'Ann']);
  await say(tab, 'From my other tab');
  await seesLine(ann, 'From my other tab');
  assert.equal((await ann.$$('.said.own')).length, 1);

  await tab.goto(new URL('/rooms/blue%20sky', tab.url()).href);
  await knows(tab, ['Ann']);
  assert.equal(await tab.textContent('#room'), 'blue sky');
  await bob.goto(new URL('/rooms/blue%20sky', bob.url()).href);
  await knows(tab, ['Ann', 'Bob']);
  await say(bob, 'It is quiet here');
  await seesLine(tab, 'It is quiet here');
  assert.deepEqual(await linesOf(ann), ['From my other tab']);

  // The link to the room, and the way to another one.
  await tab.bringToFront();
  await tab.click('#places');
  assert.equal(await tab.textContent('#where'), 'You are in the room “blue sky”');
  assert.equal(await tab.inputValue('#address'), tab.url());
  await tab.click('#copy');
  await reads(tab, '#copied', 'Copied.');
  await assertAccessible(tab);
  await screenshot(tab, 'chat_room');
  await tab.fill('#place', 'a/b');
  await tab.press('#place', 'Enter');
  assert.equal(await tab.$eval('#place', (box) => box.validationMessage), 'A room’s name has no / and no \\.');
  await tab.fill('#place', ' green   tea');
  await tab.press('#place', 'Enter');
  await tab.waitForURL('**/rooms/green%20tea');
  await knows(tab, ['Ann']);
  assert.equal(await tab.textContent('h1'), 'Weft chatgreen tea');
  await tab.click('#places');
  await tab.click('#front');
  await tab.waitForURL((url) => url.pathname === '/');
  await knows(tab, ['Ann']);
  await tab.click('#places');
  assert.equal(await tab.textContent('#where'), 'You are in the front room');
  assert.ok(await tab.isHidden('#front'));
  await tab.keyboard.press('Escape');
  await tab.goto(new URL('/rooms/blue%20sky', tab.url()).href);
  await knows(tab, ['Bob', 'Ann']);

  // After a restart nobody is logged in: the page continues as a guest, with its name.
  room.network.cut();
  await room.server.stop();
  room.server = await startServer('CHAT_SERVER');
  room.network.mend(room.server.url);
  await say(tab, 'Still here');
  await seesLine(bob, 'Still here');
  await knows(ann, ['Ann']);

  await ann.click('#logout button');
  await ann.waitForSelector('#login:not([hidden])');
  assert.deepEqual(await browser.cookies(ann.url()), []);
});

test('no line is lost or doubled when the connection is cut', LIMIT, async (t) => {
  const room = await startRoom(t);
  const [ann, bob] = [await join(t, room, 'Ann'), await join(t, room, 'Bob')];
  const terminal = await dial(t, room.server.url);  // not through the relay that is cut
  const said = [];
  for (let round = 0; round < 4; ++round) {
    for (let i = 0; i < 8; ++i) {
      said.push(`line ${said.length + 1}`);
      await say(ann, said.at(-1));
      // In the middle of the traffic, before either side has noticed.
      if (i === 3) room.network.cut();
    }
    await ann.waitForSelector('#cut:not([hidden])');
    assert.ok((await ann.$$('.said.waiting')).length >= 4);
    terminal.type(`meanwhile ${round}`);
    await terminal.waitFor(`rcv=> meanwhile ${round}`);
    room.network.mend(room.server.url);
    if (round % 2 === 0) await ann.$eval('#retry', (button) => button.click());  // which may have left meanwhile
    for (const page of [ann, bob]) {
      await seesLine(page, said.at(-1));
      await seesLine(page, `meanwhile ${round}`);
    }
  }
  const lines = await linesOf(ann);
  assert.deepEqual(lines.filter((line) => line.startsWith('line')), said);
  assert.deepEqual(lines.filter((line) => !line.startsWith('line')), [0, 1, 2, 3].map((round) => `meanwhile ${round}`));
  assert.deepEqual(await linesOf(bob), lines);
  assert.deepEqual(terminal.lines.map((line) => line.replace('Ann: ', '')), lines);
  assert.equal(await ann.$('.said.waiting'), null);
});

test('a server that is killed and started anew confuses nobody', LIMIT, async (t) => {
  const room = await startRoom(t);
  const [ann, bob] = [await join(t, room, 'Ann'), await join(t, room, 'Bob')];
  for (const text of ['one', 'two', 'three']) await say(ann, text);
  await seesLine(bob, 'three');
  room.network.cut();
  await say(ann, 'four');
  assert.equal(await room.server.stop('SIGKILL'), 'SIGKILL');
  await say(bob, 'five');
  await screenshot(ann, 'chat_cut');
  await assertAccessible(ann);
  room.server = await startServer('CHAT_SERVER');
  room.network.mend(room.server.url);
  for (const page of [ann, bob]) {
    await seesLine(page, 'four');
    await seesLine(page, 'five');
    await knows(page, await peopleOf(ann));
    const lines = await linesOf(page);
    assert.deepEqual(lines.slice(0, 3), ['one', 'two', 'three']);
    assert.deepEqual(lines.slice(3).sort(), ['five', 'four']);
    assert.ok((await notesOf(page)).includes('The server was restarted.'));
  }
  assert.deepEqual(await linesOf(ann), await linesOf(bob));
});

test('Escape leaves the question for a name open, and it can be asked again', LIMIT, async (t) => {
  const room = await startRoom(t);
  const page = await open(t, room, 'ann');
  await page.waitForSelector('#who[open]');
  for (let times = 0; times < 2; ++times) {
    await page.keyboard.press('Escape');
    await page.waitForSelector('#who:not([open])', {state: 'attached'});
    await page.waitForFunction(() => document.activeElement.id === 'rename');
    if (times === 0) await assertAccessible(page);
    await page.keyboard.press('Enter');
    await page.waitForSelector('#who[open]');
  }
  await enter(page, 'Ann');
  await reads(page, '#here', 'Only you are here');
  await page.click('#rename');
  await page.keyboard.press('Escape');
  await page.waitForFunction(() => document.activeElement.id === 'text');
  assert.deepEqual(await peopleOf(page), ['Ann']);
});

test('two people of one name keep their names when the server is started anew', LIMIT, async (t) => {
  const room = await startRoom(t);
  const other = new Network();  // the first one's
  await other.start(room.server.url);
  t.after(() => other.end());
  const first = await open(t, room, 'first', {network: other});
  await enter(first, 'Ann');
  const second = await open(t, room, 'second');
  await enter(second, 'Ann');
  for (const page of [first, second]) await knows(page, ['Ann', 'Ann (2)']);
  for (const network of [room.network, other]) network.cut();
  await room.server.stop();
  room.server = await startServer('CHAT_SERVER');
  room.network.mend(room.server.url);
  await second.waitForSelector('#state.open');
  other.mend(room.server.url);
  for (const page of [first, second]) await knows(page, ['Ann', 'Ann (2)']);
  assert.equal(await second.textContent('#people li:has(small)'), 'Ann (2)you');
  assert.equal(await first.textContent('#people li:has(small)'), 'Annyou');
  assert.deepEqual(await notesOf(second), ['The server was restarted.']);
});

test('a pasted text arrives as it was, or stays where it was pasted', LIMIT, async (t) => {
  const room = await startRoom(t);
  const [ann, bob] = [await join(t, room, 'Ann'), await join(t, room, 'Bob')];
  const terminal = await dial(t, room.server.url);
  const paste = async (text) => {
    await ann.focus('#text');
    await ann.keyboard.insertText(text);
  };
  // The longest line, and one with one byte more.
  const longest = `${'織'.repeat(5460)}\nxyz`;
  await paste(`${longest}!`);
  await reads(ann, '#excess', 'Too long by 1 byte, so it stays here: shorten it, or send it in parts.');
  await ann.press('#text', 'Enter');
  assert.equal(await ann.inputValue('#text'), `${longest}!`);
  await assertAccessible(ann);
  await screenshot(ann, 'chat_excess');
  await ann.press('#text', 'Backspace');
  await reads(ann, '#excess', '');
  await ann.press('#text', 'Enter');
  await seesLine(bob, longest);

  // The message has room for the longest text also if JSON makes it twice as long.
  const quotes = `"${'\\'.repeat(16 * 1024 - 2)}"`;
  await paste(quotes);
  await ann.press('#text', 'Enter');
  await seesLine(bob, quotes);

  const json = JSON.stringify(Array.from({length: 60}, (_, i) => ({number: i, text: 'of some length'})), null, '\t');
  assert.ok(json.length > 1000);
  await paste(json);
  await ann.press('#text', 'Enter');
  await seesLine(bob, json);
  await seesLine(ann, json);
  assert.deepEqual(await linesOf(ann), [longest, quotes, json]);
  assert.ok(await ann.isHidden('#latest'), 'the end is seen');
  await terminal.waitFor(`rcv=> Ann: ${json.replace(/\s/g, ' ')}`);

  // A long text is folded, and shown whole on demand, by the keyboard too.
  assert.deepEqual(await bob.$$eval('.fold', (all) => all.map((each) => each.textContent)),
      ['Show all 5,464 characters', 'Show all 16,384 characters', 'Show all 242 lines']);
  const heightOf = (at) => bob.$$eval('.said q', (all, at) => all.at(at).getBoundingClientRect().height, at);
  const folded = await heightOf(-1);
  assert.ok(folded < 300, `${folded} pixels`);
  await screenshot(bob, 'chat_folded');
  await assertAccessible(bob);
  await bob.focus('.said:last-child .fold');
  await bob.keyboard.press('Enter');
  assert.ok(await heightOf(-1) > 10 * folded);
  assert.equal(await bob.getAttribute('.said:last-child .fold', 'aria-expanded'), 'true');
  await bob.click('.said:last-child .fold');
  assert.equal(await heightOf(-1), folded);

  // Shift+Enter starts a new line; the Enter of an input method does not send.
  await ann.type('#text', 'one');
  await ann.press('#text', 'Shift+Enter');
  await ann.type('#text', 'two');
  await ann.$eval('#text', (box) => box.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', isComposing: true, cancelable: true})));
  assert.equal(await ann.inputValue('#text'), 'one\ntwo');
  await ann.press('#text', 'Enter');
  await seesLine(bob, 'one\ntwo');

  // Invisible characters take six bytes each in JSON, which would exceed the server's limit in one message.
  await paste('\x01'.repeat(4000) + 'junk');
  await ann.press('#text', 'Enter');
  await seesLine(bob, 'junk');
  assert.equal(await ann.$('.said.unsaid'), null);
});

test('on a phone in the dark, the end is followed only where it is seen', LIMIT, async (t) => {
  const room = await startRoom(t);
  const phone = await open(t, room, 'zoe', {width: 360, height: 640, colorScheme: 'dark'});
  await screenshot(phone, 'chat_name');
  await assertAccessible(phone);
  await enter(phone, 'Zoe');
  const bob = await join(t, room, 'Bob');
  for (let i = 1; i <= 20; ++i) await say(bob, `A line that is long enough to fill more than one row of a phone, number ${i}`);
  await say(phone, 'It does');
  await seesLine(phone, 'It does');
  await phone.bringToFront();  // others do not scroll
  const toEnd = () => phone.$eval('#log', (log) => log.scrollHeight - log.clientHeight - log.scrollTop);
  assert.ok(await toEnd() < 2);
  await phone.$eval('#log', (log) => { log.scrollTop = 0; });
  await say(bob, 'Further down');
  await phone.waitForSelector('#latest:not([hidden])');
  assert.equal(await phone.$eval('#log', (log) => log.scrollTop), 0);
  await phone.click('#latest');
  assert.ok(await toEnd() < 2);
  assert.ok(await phone.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'it scrolls sideways');
  assert.ok(await phone.$eval('h1', (title) => title.scrollWidth <= title.clientWidth), 'the title is cut off');
  await bob.type('#text', 'More');
  await reads(phone, '#typing', 'Bob is typing …');
  await screenshot(phone, 'chat_phone');
});
