// Connects the parts: a connection that comes back by itself, the prices, and a picture for each frame of the screen.

import {Backoff} from './backoff.mjs';
import {Surface, drawChart} from './chart.mjs';
import {Outages, countdownText, rateText, upstreamsText, wordsFor} from './feed.mjs';
import {Prices, WINDOW, changeOf, changeText, lastOf, priceText} from './prices.mjs';
import {Table, directionOf, show} from './table.mjs';

const DESCRIBE_EVERY = 5000;  // milliseconds: the chart's text for a screen reader
const CALM_EVERY = 1000;      // pictures for those who prefer reduced motion

const byId = (id) => document.getElementById(id);
const figure = (name) => document.querySelector(`[data-figure=${name}]`);
const calm = matchMedia('(prefers-reduced-motion: reduce)');
const plot = new Surface(byId('plot'));
const table = new Table(byId('rows'), (symbol) => {
  chosen = symbol;
  described = drawn = -Infinity;
});

let prices = new Prices();
let outages = new Outages();
let chosen = null;         // by the user
let shown = null;          // the chosen symbol, or the first
let simulated = false;
let feed = null;           // the last message about the upstreams
let ahead = -Infinity;     // the server's time less ours, by the message that took the shortest way
let socket = null;
let ended = false;         // the page does not connect again
let received = 0;          // messages in this second
let described = -Infinity, drawn = -Infinity;

const serverNow = () => performance.now() + ahead;

const handlers = {
  snapshot(message) {
    prices = new Prices();
    outages = new Outages();
    prices.snapshot(message.instruments);
    ahead = message.time - performance.now();
    simulated = message.simulated;
    byId('cut').hidden = !simulated;
  },
  price(message) { prices.take(message); },
  feed(message) {
    feed = message;
    outages.take(message, WINDOW);
    socket.send(JSON.stringify({type: 'seen', time: message.time}));
    showFeed();
  },
};

function receive(data) {
  ++received;
  const message = JSON.parse(data);
  ahead = Math.max(ahead, message.time - performance.now());
  if (!Object.hasOwn(handlers, message.type)) throw new Error(`there is no message of type ${message.type}`);
  handlers[message.type](message);
}

const backoff = new Backoff();

function connect() {
  socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/`);
  socket.onmessage = ({data}) => {
    try {
      receive(data);
      backoff.prove();
    } catch (error) {
      console.error(error);
      socket.close(4000, String(error.message).slice(0, 100));
    }
  };
  socket.onclose = ({code}) => {
    feed = null;
    outages.take({time: serverNow(), connected: 0}, WINDOW);
    const wait = backoff.after(code);
    ended = wait === null;
    showFeed();
    if (!ended) setTimeout(connect, wait);
  };
}

// The words change only with the state, so that a screen reader announces nothing else; the countdown is not announced.
function showFeed() {
  const {is, state, reason} = wordsFor(feed, ended);
  show(byId('state'), state);
  byId('state').className = byId('why').className = is;
  const about = is === 'connected' && simulated ? 'The feed is simulated: random walks of made-up instruments' : reason;
  show(byId('reason'), about === '' ? '' : `${about}.`);
  show(figure('upstreams'), feed ? upstreamsText(feed) : '–');
  show(figure('rate'), feed ? rateText(feed.rate) : '–');
  // Not `disabled`, which would take the focus away.
  byId('cut').ariaDisabled = String(is !== 'connected' && is !== 'partly');
  showCountdown();
}

function showCountdown() {
  const left = feed?.retry === undefined ? null : feed.time + feed.retry - serverNow();
  show(byId('countdown'), countdownText(feed?.connected === feed?.of ? null : left));
}

byId('cut').addEventListener('click', () => {
  if (byId('cut').ariaDisabled !== 'true') socket.send(JSON.stringify({type: 'cut'}));
});

function describe(instrument) {
  const all = instrument.points.map(({price}) => price);
  byId('plot').ariaLabel = `${instrument.symbol} in the last minute: from ${priceText(all[0])} to ${priceText(all.at(-1))}, ` +
      `lowest ${priceText(Math.min(...all))}, highest ${priceText(Math.max(...all))}. The table has the prices of all.`;
}

function frame() {
  requestAnimationFrame(frame);
  const now = performance.now();
  const instruments = prices.all();
  if (instruments.length === 0 || (calm.matches && now - drawn < CALM_EVERY)) return;
  drawn = now;
  const instrument = prices.get(chosen) ?? instruments[0];
  shown = instrument.symbol;
  const change = changeOf(instrument);
  show(byId('symbol'), instrument.symbol);
  show(byId('price'), priceText(lastOf(instrument)));
  show(byId('change'), changeText(change), directionOf(change));
  const time = serverNow();
  plot.draw((context, width, height) => drawChart(context, width, height, {instrument, outages: outages.list, now: time}));
  table.draw(instruments, shown, time);
  if (now - described < DESCRIBE_EVERY) return;
  described = now;
  describe(instrument);
}

setInterval(() => {
  show(figure('received'), rateText(received));
  received = 0;
}, 1000);
setInterval(showCountdown, 200);

connect();
frame();

// For inspection, in the console or in a test.
globalThis.gateway = {
  get feed() { return feed; },
  get selected() { return shown; },
  get outages() { return outages.list; },
  // The points of the chart.
  pointsOf: (symbol) => prices.get(symbol)?.points ?? [],
  // How old the newest price is, in milliseconds.
  get age() { return Math.min(...prices.all().map(({points}) => serverNow() - points.at(-1).time)); },
};
