// The words of the page about the feed. No DOM: page_test.js runs it in Node.js.

const number = (value) => value.toLocaleString('en');

// The words for a state of the feed, as the server sends it; null: the page itself has no connection to the gateway,
// and if it `ended` does not connect again. `is` is connected, partly, connecting or lost; `reason` may be empty.
export function wordsFor(feed, ended = false) {
  if (feed === null) return {is: 'lost', state: 'No connection to the gateway', reason: ended ? 'Load the page again' : ''};
  const {connected, of, givenUp, reason} = feed;
  if (connected === of) return {is: 'connected', state: 'Connected', reason: ''};
  if (connected > 0) return {is: 'partly', state: 'Partly connected', reason};
  if (givenUp === of) return {is: 'lost', state: 'Gave up', reason};
  if (reason === '') return {is: 'connecting', state: 'Connecting', reason};
  return {is: 'lost', state: 'Reconnecting', reason};
}

export const upstreamsText = ({connected, of}) => `${number(connected)} of ${number(of)}`;
export const rateText = (rate) => `${number(rate)}/s`;

// `left`: milliseconds until the next attempt, or null: none waits.
export function countdownText(left) {
  if (left === null) return '';
  return left > 0 ? `Next attempt in ${Math.ceil(left / 1000)} s.` : 'Trying again …';
}

// When no upstream was connected, for the chart: [{from, to}] in the server's time, `to` is null while it lasts.
export class Outages {
  list = [];

  take({time, connected}, window) {
    const last = this.list.at(-1);
    if (connected > 0 && last?.to === null) last.to = time;
    if (connected === 0 && last?.to !== null) this.list.push({from: time, to: null});
    this.list = this.list.filter(({to}) => to === null || to >= time - window);
  }
}
