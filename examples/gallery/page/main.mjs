// Shows each example as it is now, as long as its card can be seen.

import {readDigest} from './digest.mjs';
import {Echo} from './echo.mjs';
import {Inspect} from './inspect.mjs';
import {Link} from './link.mjs';
import {ChatLines, CursorsPicture, WorldPicture} from './pictures.mjs';

const STILL_EVERY = 2000;  // milliseconds between two pictures for those who want no motion

const byId = (id) => document.getElementById(id);
const still = matchMedia('(prefers-reduced-motion: reduce)');

const inspect = new Inspect();
const echo = new Echo(still, (text) => inspect.explain(text));
const lines = new ChatLines();
const pictures = {cursors: new CursorsPicture(byId('cursors'), still), world: new WorldPicture(byId('world'), still)};
const shownAt = {};  // the time of the last picture, by type

// ---- What the server tells ----

function tellUrls(urls) {
  byId('local').hidden = urls.length > 0;
  byId('shared').hidden = urls.length === 0;
  byId('urls').replaceChildren(...urls.map((url) => {
    const item = document.createElement('li');
    const link = item.appendChild(document.createElement('a'));
    link.href = link.textContent = url;
    return item;
  }));
}

function show(digest) {
  if (digest === null) return;
  const now = performance.now();
  if (still.matches && now - (shownAt[digest.type] ?? -Infinity) < STILL_EVERY) return;
  shownAt[digest.type] = now;
  pictures[digest.type].show(digest);
}

function tell(state) { byId('state').textContent = byId('state').className = state; }

const gallery = new Link('gallery', {
  opened() {
    tell('connected');
    lines.opened();
    watched = null;
    watch();
  },
  message(data) {
    if (typeof data !== 'string') return show(readDigest(data));
    const message = JSON.parse(data);
    if (message.type === 'hello') tellUrls(message.urls);
    else lines.show(message);
  },
  lost() { tell('disconnected'); },
});

// ---- What can be seen ----

const seen = new Set();  // the ids of cards
let watched = null;      // the words that the server has

function watch() {
  const words = ['chat', 'cursors', 'world'].filter((id) => seen.has(id)).join(' ');
  if (words === watched || !gallery.isOpen) return;
  watched = words;
  gallery.send(words);
}

function update() {
  const isSeen = (id) => !document.hidden && seen.has(id);
  // The frame that is explained is that of the echo.
  if (isSeen('echo') || isSeen('inspect')) echo.start();
  else echo.stop();
  if (isSeen('inspect')) inspect.start();
  else inspect.stop();
  if (document.hidden) {
    gallery.close();
  } else {
    gallery.open();
    watch();
  }
}

const observer = new IntersectionObserver((entries) => {
  for (const {target, isIntersecting} of entries) {
    if (isIntersecting) seen.add(target.id);
    else seen.delete(target.id);
  }
  update();
});
for (const card of document.querySelectorAll('article')) observer.observe(card);
document.addEventListener('visibilitychange', update);
addEventListener('pagehide', () => {  // a page that the browser keeps must not keep connections
  echo.stop();
  inspect.stop();
  gallery.close();
});
addEventListener('pageshow', ({persisted}) => persisted && update());
