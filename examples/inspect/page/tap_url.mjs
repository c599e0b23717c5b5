// The URL by which a page's own WebSocket goes through the tap.

import {byId} from './dom.mjs';

const parse = (text) => { try { return new URL(text.trim()); } catch { return null; } };

// {url}, or {problem}. `connect` is the tap's own URL, and `forwards` are those to which it may connect.
export function tapUrl(connect, forwards, typed) {
  const to = parse(typed);
  if (!['ws:', 'wss:'].includes(to?.protocol)) return {problem: 'Type the URL of a WebSocket: ws://… or wss://…'};
  if (!forwards.some((each) => parse(each)?.origin === to.origin)) {
    return {problem: `The tap may not connect there. Start it with --forward=${[...forwards, to.origin].join(',')}`};
  }
  to.hash = '';
  // A query may have ':' and '/', which are easier to read than their codes.
  return {url: `${new URL(connect).origin}/?to=${encodeURIComponent(to.href).replace(/%3A/g, ':').replace(/%2F/g, '/')}`};
}

export function startTapUrl() {
  let tap = null;

  function show() {
    const {url = '', problem = ''} = tapUrl(tap.connect, tap.forwards, byId('tapTo').value);
    byId('tapUrl').value = url;
    byId('tapCopy').disabled = url === '';
    byId('tapProblem').textContent = problem;
    byId('tapTo').setAttribute('aria-invalid', problem !== '');
  }

  byId('tapTo').oninput = show;
  byId('tapCopy').onclick = async () => {
    byId('tapUrl').select();
    // A page that has no TLS and is not of this machine has no clipboard.
    try { await navigator.clipboard.writeText(byId('tapUrl').value); } catch { document.execCommand('copy'); }
    byId('tapProblem').textContent = 'Copied.';
  };
  return {
    greet(news) {
      tap = news;
      if (byId('tapTo').value === '') byId('tapTo').value = tap.forwards[0];
      show();
    },
  };
}
