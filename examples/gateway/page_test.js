'use strict';
// The parts of the page that need no browser, in Node.js.

const assert = require('node:assert/strict');
const {before, test} = require('node:test');

const {modulesOf} = require('../page_modules.js');

const page = modulesOf(__dirname);

let prices, feed;
before(async () => {
  [prices, feed] = await Promise.all(['prices.mjs', 'feed.mjs'].map(page));
});

test('the prices: a snapshot, and what is newer', () => {
  const own = new prices.Prices();
  own.snapshot([{symbol: 'LOOM', open: 10, points: [[500, 10], [1000, 11]]}]);
  own.take({symbol: 'LOOM', price: 9, time: 900});
  own.take({symbol: 'LOOM', price: 9, time: 1000});
  assert.deepEqual(own.get('LOOM').points, [{time: 500, price: 10}, {time: 1000, price: 11}]);
  own.take({symbol: 'LOOM', price: 12, time: 1100});
  assert.equal(prices.lastOf(own.get('LOOM')), 12);
  assert.equal(prices.changeOf(own.get('LOOM')).toFixed(6), '0.200000');
  // An instrument that was traded for the first time, in its place.
  own.take({symbol: 'FELT', price: 5, time: 1200});
  assert.deepEqual(own.all().map(({symbol}) => symbol), ['FELT', 'LOOM']);
  assert.equal(own.get('FELT').open, 5);
  own.snapshot([]);
  assert.deepEqual(own.all(), []);
});

test('the prices: the chart\'s minute, and the point from which its line comes', () => {
  const own = new prices.Prices();
  for (let time = 0; time <= 100_000; time += 1000) own.take({symbol: 'WARP', price: 1 + time, time});
  const {points} = own.get('WARP');
  assert.equal(points[0].time, 39_000);
  assert.equal(points[1].time, 40_000);
  assert.equal(points.at(-1).time, 100_000);
});

test('the prices: what is known between the outages', () => {
  const points = [1000, 2000, 3000, 9000, 10_000].map((time) => ({time, price: 1}));
  const times = (outages) => prices.segmentsOf(points, outages).map((segment) => segment.map(({time}) => time));
  assert.deepEqual(times([]), [[1000, 2000, 3000, 9000, 10_000]]);
  assert.deepEqual(times([{from: 3100, to: 8900}]), [[1000, 2000, 3000], [9000, 10_000]]);
  assert.deepEqual(times([{from: 0, to: 900}, {from: 3100, to: 8900}, {from: 10_100, to: null}]), [[1000, 2000, 3000], [9000, 10_000]]);
  assert.deepEqual(times([{from: 9500, to: null}]), [[1000, 2000, 3000, 9000], [10_000]]);
  assert.deepEqual(prices.segmentsOf([], []), []);
});

test('the prices: as text', () => {
  assert.equal(prices.priceText(104.256), '104.26');
  assert.equal(prices.priceText(0.01234), '0.0123');
  assert.equal(prices.changeText(0.01234), '▲ +1.23 %');
  assert.equal(prices.changeText(-0.5), '▼ −50.00 %');
  assert.equal(prices.changeText(0.00001), '0.00 %');
  assert.equal(prices.changeText(-0.00001), '0.00 %');
});

test('the scale: round numbers around all prices', () => {
  const scale = (...all) => prices.scaleOf(all.map((price) => ({price})), 5);
  assert.deepEqual(scale(103, 108), {low: 103, high: 108, ticks: [103, 104, 105, 106, 107, 108], decimals: 0});
  const {low, high, ticks, decimals} = scale(99.93, 100.41);
  assert.ok(low <= 99.93 && low > 99.7, low);
  assert.ok(high >= 100.41 && high < 100.7, high);
  assert.equal(decimals, 1);
  assert.ok(ticks.length >= 4 && ticks.length <= 7, ticks);
  // Any prices: between 4 and 8 lines, and all prices between the first and the last.
  for (let power = -3; power < 6; ++power) {
    for (const span of [0, 0.0001, 0.013, 0.3, 7]) {
      const price = 1.37 * 10 ** power;
      const {low, high, ticks} = scale(price, price * (1 + span));
      assert.ok(low <= price && high >= price * (1 + span) * 0.999999, `${price}, ${span}`);
      assert.ok(ticks.length >= 4 && ticks.length <= 8, `${price}, ${span}: ${ticks}`);
    }
  }
  // A price that rests is in the middle.
  const rest = scale(50);
  assert.ok(Math.abs((rest.low + rest.high) / 2 - 50) < 0.03, JSON.stringify(rest));
});

test('the feed: words for each of its states', () => {
  const words = (...now) => {
    const {is, state: text, reason} = feed.wordsFor(...now);
    return [is, text, reason];
  };
  const one = {connected: 0, of: 1, givenUp: 0, reason: ''};
  assert.deepEqual(words(null), ['lost', 'No connection to the gateway', '']);
  assert.deepEqual(words(null, true), ['lost', 'No connection to the gateway', 'Load the page again']);
  assert.deepEqual(words(one), ['connecting', 'Connecting', '']);
  assert.deepEqual(words({...one, connected: 1, reason: 'of an earlier cut'}), ['connected', 'Connected', '']);
  assert.deepEqual(words({...one, reason: 'reset'}), ['lost', 'Reconnecting', 'reset']);
  assert.deepEqual(words({...one, givenUp: 1, reason: 'HTTP 404'}), ['lost', 'Gave up', 'HTTP 404']);
  assert.deepEqual(words({connected: 437, of: 1000, givenUp: 0, reason: 'reset'}), ['partly', 'Partly connected', 'reset']);
  assert.equal(feed.upstreamsText({connected: 437, of: 1000}), '437 of 1,000');
  assert.equal(feed.rateText(20000), '20,000/s');
  assert.equal(feed.countdownText(null), '');
  assert.equal(feed.countdownText(2001), 'Next attempt in 3 s.');
  assert.equal(feed.countdownText(0), 'Trying again …');
});

test('the feed: when it was lost', () => {
  const own = new feed.Outages();
  own.take({time: 0, connected: 1}, 60_000);
  assert.deepEqual(own.list, []);
  own.take({time: 1000, connected: 0}, 60_000);
  own.take({time: 2000, connected: 0}, 60_000);
  assert.deepEqual(own.list, [{from: 1000, to: null}]);
  own.take({time: 3000, connected: 5}, 60_000);
  own.take({time: 9000, connected: 0}, 60_000);
  assert.deepEqual(own.list, [{from: 1000, to: 3000}, {from: 9000, to: null}]);
  own.take({time: 64_000, connected: 0}, 60_000);
  assert.deepEqual(own.list, [{from: 9000, to: null}]);
});
