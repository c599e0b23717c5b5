// The page's knowledge of the room, and the lines it still has to send: no view and no network. README.md documents
// the messages.

const TYPING_SENT = 2_000;   // milliseconds: "typing" is sent at most this often,
const TYPING_SHOWN = 5_000;  // and shown for this long
const MOST_TYPING = 50;      // the maximum number of people shown as typing
const REMEMBERED = 1_000;    // the number of line ids kept, to recognize repeated lines
const RETURN = 30_000;       // a node that has told nothing for this long has ended, and its people have left
const ROLL_CALL = 3_000;     // within this time every node tells who is there: kRollCall of room.h
export const MOST_BYTES = 16 * 1024;  // of a line, in UTF-8: kMaxTextBytes of text.h

// The text to send for typed or pasted text: without the characters that the server would remove. A control character
// takes six bytes of JSON, and the server limits the size of messages.
export const textOf = (typed) => typed.replace(/(?![\n\t])[\p{Cc}\p{Cs}]/gu, '').trim();

export const bytesOf = (text) => new TextEncoder().encode(text).length;

const browser = {
  now: () => performance.now(),
  after: (milliseconds, task) => setTimeout(task, milliseconds),
};

// A line of the user waits until the room sends it back. The page counts the lines: each is one further than the one
// before, and the server says where they begin. After a cut the page sends its position, to whatever node, gets the
// lines after it, and resends the lines that still wait. A line that arrives twice has the same id, and is shown once.
export class Chat {
  name = '';    // the room's name for the user: it may have added a mark
  person = '';  // the user, as the others see it,
  writer = '';  // and in the ids of the lines, which a login does not change
  people = [];  // each {person, name}
  joined = false;
  #wanted = '';          // the name that the user requested,
  #asked = null;         // that of a hello without an answer yet,
  #accepted = '';        // and the last one that the server accepted
  #epoch = '';           // where the page is in the lines
  #offset = 0;
  #gap = false;          // lines before the next ones may be missing
  #ready = false;        // the connection is, too: a line that is sent comes back
  #said = 0;             // the number of lines that this page has sent,
  #waiting = new Map();  // and those that did not come back yet: the number and text of each
  #shown = new Set();    // ids
  #typing = new Map();   // those who type: of each person the name, and the time until which it is shown
  #typed = -Infinity;    // when "typing" was last sent
  #nodes = new Map();    // what each node told last: the number, the people, and until when it counts
  #changes = 0;          // the number of names that nodes have told
  #told = null;          // the people who are here, according to the log: names by person; null before the first
  #greeted = 0;          // when the server welcomed the page

  // `key` is the person's secret, the same in all tabs; `sender` belongs to this page, and changes when it is
  // reloaded. `link` is a Connection, and `view` shows everything: see View. `remember` is called with the name that
  // the server accepted.
  constructor({key, sender, link, view, remember = () => {}, world = browser}) {
    Object.assign(this, {key, sender, link, view, remember, world});
  }

  get hasUnsaid() { return this.#waiting.size > 0; }

  // ---- Actions of the user ----

  call(name) {
    this.#wanted = name;
    if (this.joined) this.#send({type: 'name', name});
    else this.opened();
  }

  say(text) {
    const n = ++this.#said;
    this.#waiting.set(n, text);
    this.#typed = -Infinity;
    this.view.waiting(n, text);
    if (this.#ready) this.#send({type: 'say', n, text});
  }

  type() {
    const now = this.world.now();
    if (!this.joined || now < this.#typed + TYPING_SENT) return;
    this.#typed = now;
    this.#send({type: 'typing'});
  }

  // ---- Events of the connection ----

  // Also if the user should be asked again: the hello is sent when it is due.
  opened() {
    if (this.#wanted === '' || this.#asked !== null || this.joined) return;
    const hello = {type: 'hello', key: this.key, sender: this.sender, name: this.#wanted};
    if (this.#epoch !== '') hello.since = `${this.#epoch}.${this.#offset}`;
    // With the mark from the room; otherwise another person with that name could get it. And so that the room knows
    // that the page was in it, if the connection ended before the first position.
    if (this.name !== '' && (this.name !== this.#wanted || this.#epoch === '')) hello.called = this.name;
    if (this.#send(hello)) this.#asked = this.#wanted;
  }

  lost() {
    this.joined = false;
    this.#ready = false;
    this.#asked = null;
    this.#typing.clear();
    this.#showTyping();
  }

  receive(text) {
    const message = JSON.parse(text);
    switch (message.type) {
      case 'welcome': return this.#onWelcome(message);
      case 'at': return this.#onAt(message);
      case 'gap': return this.#onGap(message);
      case 'line': return this.#onLine(message);
      case 'people': return this.#onPeople(message);
      case 'typing': return this.#onTyping(message);
      case 'error': return this.#onError(message);
      // Messages of later servers, and the answer to a probe, need no action.
    }
  }

  #onWelcome({node, person, writer, name}) {
    this.link.prove();
    this.joined = true;
    this.#become(person);
    Object.assign(this, {node, person, writer, name});
    this.#greeted = this.world.now();
    for (const each of this.#nodes.values()) this.#expire(each);  // the page could not hear them
    this.#accept(this.#asked);
    if (this.#wanted !== this.#asked) this.#send({type: 'name', name: this.#wanted});
    this.#asked = null;
  }

  // A person who was logged in is a guest at a node that does not know the account: one person on this page.
  #become(person) {
    if (person === this.person || !this.#told?.has(this.person)) return;
    this.#told.set(person, this.#told.get(this.person));
    this.#told.delete(this.person);
    for (const {names} of this.#nodes.values()) names.delete(this.person);
  }

  // The lines that follow are those after this position.
  #onAt({position}) {
    const [epoch, digits] = position.split('.');
    const offset = Number(digits);
    const missed = epoch === this.#epoch ? offset - this.#offset : 0;
    if (this.#gap && missed > 0) this.view.notice(`${missed} earlier ${missed === 1 ? 'message is' : 'messages are'} no longer available.`);
    this.#epoch = epoch;
    this.#offset = offset;
    this.#gap = false;
    if (this.#ready) return;
    this.#ready = true;
    for (const [n, text] of this.#waiting) this.#send({type: 'say', n, text});
  }

  #onGap({reason}) {
    this.#gap = true;
    this.#ready = false;  // what waits may be missing, too
    if (reason !== 'too old') this.view.notice('The server was restarted.');
  }

  #onLine({id, person, ...line}) {
    this.#offset += 1;
    this.#stopTyping(person);
    const [writer, sender, n] = id.split('.');
    const isFromHere = writer === this.writer && sender === this.sender;
    if (isFromHere && this.#waiting.has(Number(n))) this.#settle(Number(n));
    if (this.#shown.has(id)) return;
    this.#shown.add(id);
    if (this.#shown.size > REMEMBERED) this.#shown.delete(this.#shown.values().next().value);
    this.view.line({...line, own: isFromHere || person === this.person});
  }

  #onPeople({node, number, people}) {
    const before = this.#nodes.get(node);
    if (before !== undefined && number < before.number) return;  // it was overtaken
    const names = new Map(people.map(({person, name}) => {
      const known = before?.names.get(person);
      return [person, known?.name === name ? known : {name, change: ++this.#changes}];
    }));
    const news = {number, names};
    this.#nodes.set(node, news);
    this.#expire(news);
    // A newcomer learns who is at the other nodes, which does not mean that they have come now.
    const isNew = before === undefined && node !== this.node && this.world.now() < this.#greeted + ROLL_CALL;
    this.#update({isNew});
  }

  #expire(news) {
    news.until = this.world.now() + RETURN;
    this.world.after(RETURN, () => this.#update());
  }

  #onTyping({person, name}) {
    if (person === this.person) return;
    if (this.#typing.size >= MOST_TYPING && !this.#typing.has(person)) return;
    this.#typing.set(person, {name, until: this.world.now() + TYPING_SHOWN});
    this.world.after(TYPING_SHOWN, () => this.#showTyping());
    this.#showTyping();
  }

  // With n: our line was refused. Without: our name was, or our hello because the room is full.
  #onError({message, n}) {
    if (n === undefined) {
      this.#asked = null;
      this.#wanted = this.#accepted;  // otherwise it would be refused again after each cut
      return this.view.refused(message);
    }
    this.#waiting.delete(n);
    this.view.unsaid(n, message);
  }

  #settle(n) {
    this.#waiting.delete(n);
    this.view.settled(n);
  }

  #accept(name) {
    this.#accepted = name;
    this.remember(name);
  }

  // The people of all nodes. Each arrival and departure is shown once, even if it happened while the page was cut off;
  // a person who goes to another node has not left. If a person is on the lists of two nodes, as after the end of one,
  // the name that changed last counts, and for the user the one of this page's node.
  #update({isNew = false} = {}) {
    if (!this.joined) return;
    const last = new Map();
    for (const [node, {names, until}] of this.#nodes) {
      if (until <= this.world.now()) {
        this.#nodes.delete(node);
        continue;
      }
      for (const [person, known] of names) {
        if (known.change > (last.get(person)?.change ?? 0)) last.set(person, known);
      }
    }
    const own = this.#nodes.get(this.node)?.names.get(this.person);
    if (own !== undefined) last.set(this.person, own);
    const here = new Map([...last].map(([person, {name}]) => [person, name]));
    this.people = [...here].map(([person, name]) => ({person, name}));
    const name = own?.name ?? this.name;
    if (name !== this.name) {
      this.name = name;
      this.#accept(this.#wanted);
    }
    for (const [person, name] of this.#told ?? []) {
      if (here.has(person)) continue;
      this.#stopTyping(person);
      this.view.notice(`${name} left`);
    }
    for (const [person, name] of here) {
      const before = this.#told?.get(person);
      if (before === name || this.#told === null || (before === undefined && isNew)) continue;
      this.view.notice(before === undefined ? `${name} joined` : `${before} is now ${name}`);
    }
    this.#told = here;
    if (this.#typing.size > 0) this.#showTyping();  // someone may have another name
    this.view.people(this.people, this.person);
  }

  #stopTyping(person) {
    if (this.#typing.delete(person)) this.#showTyping();
  }

  #showTyping() {
    const now = this.world.now();
    for (const [person, {until}] of this.#typing) {
      if (until <= now) this.#typing.delete(person);
    }
    this.view.typing([...this.#typing].map(([person, {name}]) => this.#told?.get(person) ?? name));
  }

  #send(message) { return this.link.send(JSON.stringify(message)); }
}
