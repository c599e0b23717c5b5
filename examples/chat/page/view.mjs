// The view. All text of others is inserted as text (textContent), never as HTML.

const SHOWN = 1_000;  // lines and notes; older ones are removed
const LONG_LINES = 12;  // a text with more lines, or more characters, is folded at first
const NAMED_TYPING = 3;  // people who type; of more only the number is shown
const LONG_TEXT = 1_200;
const byId = (id) => document.getElementById(id);

function element(tag, {className = '', ...attributes} = {}, ...children) {
  const made = document.createElement(tag);
  made.className = className;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

// A text, folded if it is long, with a button that shows all of it.
function textOf(text, toggled) {
  const quote = element('q', {dir: 'auto'}, text);
  const lines = text.split('\n').length;
  if (lines <= LONG_LINES && text.length <= LONG_TEXT) return [quote];
  const all = `Show all ${lines > LONG_LINES ? `${lines} lines` : `${text.length.toLocaleString('en')} characters`}`;
  const button = element('button', {className: 'quiet fold', type: 'button', 'aria-expanded': 'false'}, all);
  quote.classList.add('folded');
  button.onclick = () => {
    const folded = quote.classList.toggle('folded');
    button.setAttribute('aria-expanded', !folded);
    button.textContent = folded ? all : 'Show less';
    toggled();
  };
  return [quote, button];
}

// The colour of a name: the same in every browser.
function hueOf(name) {
  let hash = 0;
  for (const character of name) hash = (hash * 31 + character.codePointAt(0)) % 360;
  return String(hash);
}

const dayOf = (date) => date.toLocaleDateString([], {weekday: 'long', day: 'numeric', month: 'long', year: 'numeric'});

function withHue(name, made) {
  made.style.setProperty('--hue', hueOf(name));
  return made;
}

export class View {
  #log = byId('log');
  #waiting = new Map();   // the user's lines that did not come back yet, by their number: at the end of the log
  #follows = true;        // the end of the log is visible, and should stay so
  #last = null;           // the last line of the log that does not wait, if no note came after it
  #day = '';
  #countdown = null;

  constructor() {
    this.#log.addEventListener('scroll', () => this.#scrolled());
    new ResizeObserver(() => this.#follow()).observe(this.#log);
    byId('latest').onclick = () => this.#toEnd();
  }

  // ---- For Chat ----

  line(line) {
    const at = new Date(line.time);
    this.#noteDay(at);
    const {name, text, own} = line;
    const again = this.#last !== null && this.#last.name === name && this.#last.own === own;
    this.#insert(this.#said(name, text, {own, again}, element('time', {
      datetime: at.toISOString(), title: at.toLocaleString([], {dateStyle: 'full', timeStyle: 'medium'}),
    }, at.toLocaleTimeString([], {timeStyle: 'short'}))));
    this.#last = line;
  }

  // A line of the user's that was sent and did not come back yet.
  waiting(n, text) {
    const made = this.#said('', text, {own: true, again: true}, element('small', {}, 'sending'));
    made.classList.add('waiting');
    this.#waiting.set(n, made);
    this.#log.append(made);
    this.#toEnd();
  }

  // It has come back, and is now shown as a line.
  settled(n) {
    this.#waiting.get(n)?.remove();
    this.#waiting.delete(n);
  }

  // It was refused.
  unsaid(n, why) {
    const made = this.#waiting.get(n);
    made.classList.replace('waiting', 'unsaid');
    made.querySelector('small').textContent = `not sent: ${why}`;
    this.#waiting.delete(n);
    this.#insert(made);
  }

  notice(text) {
    this.#last = null;
    this.#insert(element('p', {className: 'note', dir: 'auto'}, text));
  }

  people(people, own) {
    byId('here').textContent = people.length === 1 ? 'Only you are here' : `${people.length} people are here`;
    byId('people').replaceChildren(...people.map(({person, name}) => withHue(name,
        element('li', {}, element('bdi', {title: name}, name), ...person === own ? [element('small', {}, 'you')] : []))));
    if (byId('text').disabled) {
      for (const id of ['text', 'send']) byId(id).disabled = false;
      byId('rename').textContent = 'Change your name';
      if (!byId('who').open) byId('text').focus();
    }
  }

  typing(names) {
    const others = names.length - NAMED_TYPING;
    const list = names.slice(0, NAMED_TYPING).map((name) => element('bdi', {}, name));
    if (others > 0) list.push(`${others} ${others === 1 ? 'other' : 'others'}`);
    const parts = list.flatMap((each, i) => [i === 0 ? '' : i < list.length - 1 ? ', ' : ' and ', each]);
    byId('typing').replaceChildren(...parts, ['', ' is typing …'][list.length] ?? ' are typing …');
  }

  refused(why) { this.call(byId('name').value, {why}); }

  // ---- For main.mjs ----

  // Asks for a name. The user may dismiss the question, stays out of the room then, and can be asked again.
  call(name, {why = ''} = {}) {
    byId('name').value = name;
    byId('refused').textContent = why;
    byId('take').textContent = byId('text').disabled ? 'Join' : 'Change';
    byId('who').showModal();
    byId('name').select();
  }

  closeCall() { byId('who').close(); }

  // Moves the focus to where the user continues.
  focus() { byId(byId('text').disabled ? 'rename' : 'text').focus(); }

  // After a change of the message being written, which is this many bytes too long.
  typed(excess = 0) {
    const box = byId('text');
    box.style.height = 'auto';
    box.style.height = `${box.offsetHeight - box.clientHeight + box.scrollHeight}px`;
    box.setAttribute('aria-invalid', excess > 0);
    byId('excess').textContent = excess === 0 ? '' :
      `Too long by ${excess.toLocaleString('en')} ${excess === 1 ? 'byte' : 'bytes'}, so it stays here: shorten it, or send it in parts.`;
  }

  // The name of the room: empty for that of the front page.
  room(name) {
    byId('room').textContent = name;
    if (name !== '') document.title = `${name} · Weft chat`;
  }

  // The name of a person who has logged in, or null for a guest.
  account(name) {
    byId('login').hidden = name !== null;
    byId('logout').hidden = name === null;
    byId('instead').hidden = name !== null;
  }

  // The connection's state: see Connection.
  state({is, until, reason = ''}) {
    byId('state').textContent = {open: 'connected', connecting: 'connecting'}[is] ?? 'not connected';
    byId('state').className = is;
    clearInterval(this.#countdown);
    byId('countdown').textContent = is === 'connecting' ? 'Trying …' : '';
    byId('retry').disabled = is === 'connecting';
    if (is === 'open') byId('cut').hidden = true;
    if (is !== 'waiting' && is !== 'ended') return;
    byId('cut').hidden = false;
    byId('why').textContent = reason === '' ? 'Not connected.' : `Not connected: ${reason}.`;
    if (is !== 'waiting') return;
    const count = () => {
      const seconds = Math.max(1, Math.ceil((until - performance.now()) / 1000));
      byId('countdown').textContent = `Trying again in ${seconds} s.`;
    };
    count();
    this.#countdown = setInterval(count, 250);
  }

  // ---- The log ----

  #said(name, text, {own, again}, note) {
    const made = element('div', {className: 'said'}, element('p', {}, ...textOf(text, () => this.#scrolled()), note));
    made.classList.toggle('own', own === true);
    made.classList.toggle('again', again);
    if (!again) made.prepend(element('bdi', {className: 'name'}, name));
    return withHue(name, made);
  }

  #noteDay(date) {
    const day = dayOf(date);
    if (day === this.#day) return;
    if (this.#day !== '' || day !== dayOf(new Date())) this.notice(day);  // today needs none at the top
    this.#day = day;
  }

  // Above the lines that wait.
  #insert(made) {
    this.#log.insertBefore(made, this.#waiting.values().next().value ?? null);
    while (this.#log.childElementCount > SHOWN) this.#log.firstElementChild.remove();
    this.#follow();
  }

  #follow() {
    if (this.#follows) this.#toEnd();
    else byId('latest').hidden = false;
  }

  #toEnd() {
    this.#log.scrollTop = this.#log.scrollHeight;
    this.#follows = true;
    byId('latest').hidden = true;
  }

  #scrolled() {
    this.#follows = this.#log.scrollHeight - this.#log.clientHeight - this.#log.scrollTop < 24;
    if (this.#follows) byId('latest').hidden = true;
  }
}
