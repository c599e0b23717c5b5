// One connection, and for each message sent over it the time until its echo arrives.

const ONE_WAY = 350;     // milliseconds that the dot takes, which shows the way, not the time
const SHOWN = 1000;      // lines of the log
const SHORT = 24;        // bytes: the frame of a longer message is not shown
const OWN = new URL('.', location.href);
OWN.protocol = OWN.protocol.replace('http', 'ws');
OWN.hash = OWN.search = '';

const byId = (id) => document.getElementById(id);
const still = matchMedia('(prefers-reduced-motion: reduce)');
let socket = null;       // while connecting, connected or closing
let waiting = [];        // {item, text, sentAt} of each message whose echo has not arrived: echoes keep the order

// textContent only: a peer's text is never interpreted as HTML.
function log(kind, text, note = '') {
  const item = document.createElement('li');
  item.className = kind;
  item.appendChild(document.createElement('q')).textContent = text;
  item.appendChild(document.createElement('small')).textContent = note;
  byId('log').append(item);
  while (byId('log').childElementCount > SHOWN) byId('log').firstElementChild.remove();
  byId('log').scrollTop = byId('log').scrollHeight;
  return item;
}

function show(state) {
  byId('state').textContent = byId('state').className = state;
  const ended = state === 'disconnected';
  byId('url').disabled = !ended;
  byId('connect').textContent = ended ? 'Connect' : 'Disconnect';
  byId('cut').hidden = !ended;
  const hadFocus = byId('composer').contains(document.activeElement);
  byId('text').disabled = byId('send').disabled = state !== 'connected';
  if (hadFocus && ended) byId('again').focus();
}

// ---- The picture ----

let flight = Promise.resolve();  // until the dot has arrived

function fly(back) {
  const dot = byId('dot');
  dot.className = back ? 'back' : '';
  if (still.matches) return;
  const ends = back ? ['100%', '0%'] : ['0%', '100%'];
  flight = dot.animate(ends.map((left) => ({left})), {duration: ONE_WAY, easing: 'ease-in-out', fill: 'forwards'}).finished;
}

const hex = (byte) => byte.toString(16).padStart(2, '0');

// A short text as the server sends it, section 5.2 of RFC 6455: FIN and the opcode, the length, the payload.
function showFrame(text) {
  const payload = new TextEncoder().encode(text);
  byId('framed').hidden = payload.length > SHORT;
  const head = document.createElement('b');
  head.textContent = `81 ${hex(payload.length)}`;
  byId('frame').replaceChildren(head, ` ${[...payload].map(hex).join(' ')}`);
}

// ---- The connection ----

function send(text) {
  waiting.push({item: log('sent', text, 'on its way'), text, sentAt: performance.now()});
  socket.send(text);
  fly(false);
}

function received(data) {
  const took = performance.now() - (waiting[0]?.sentAt ?? NaN);
  if (data !== waiting[0]?.text) {  // not an echo, which only another server can send
    log('heard', typeof data === 'string' ? data : `${data.byteLength} bytes`, 'from the server');
    return;
  }
  const {item} = waiting.shift();
  const time = `${took.toFixed(1)} ms`;
  item.className = 'echoed';
  item.querySelector('small').textContent = time;
  byId('time').textContent = time;
  showFrame(data);
  if (waiting.length === 0) flight.then(() => fly(true));
}

function ended(url, opened, {code, reason}) {
  for (const {item} of waiting) item.querySelector('small').textContent = 'not echoed';
  waiting = [];
  const own = new URL(url).host === location.host;
  byId('why').textContent = opened ? `The connection was closed: ${[code, reason].filter(Boolean).join(', ')}`
    : own ? 'No connection. Is the server running?'
      : `No connection. Is the server running, and was it started with\n--allow_origin=${origin} ?`;
  show('disconnected');
}

function connect(url) {
  try {
    socket = new WebSocket(url);
  } catch (error) {
    byId('why').textContent = error.message;
    show('disconnected');
    return;
  }
  let opened = false;
  socket.binaryType = 'arraybuffer';
  show('connecting');
  socket.onopen = () => {
    opened = true;
    show('connected');
    log('note', `Connected to ${url}`);
    byId('text').focus();
    byId('text').select();
  };
  socket.onmessage = ({data}) => received(data);
  socket.onclose = (event) => {
    socket = null;
    ended(url, opened, event);
  };
}

byId('connection').onsubmit = (event) => {
  event.preventDefault();
  if (socket) socket.close(1000, 'the user left');
  else connect(byId('url').value);
};
byId('again').onclick = () => connect(byId('url').value);
byId('composer').onsubmit = (event) => {
  event.preventDefault();
  send(byId('text').value);
  byId('text').select();
};

byId('url').value = OWN.href;
connect(OWN.href);
