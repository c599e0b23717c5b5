// What the page knows of the room, and what it still has to say: no picture and no network. README.md has the messages.

const TYPING_SENT = 2_000;   // milliseconds: that one types is said at most so often,
const TYPING_SHOWN = 5_000;  // and believed for so long
const REMEMBERED = 1_000;    // ids of lines that are kept, to know one that comes again
const RETURN = 30_000;       // who was here before a restart of the server, and is not back by then, has left
export const MOST_BYTES = 4096;  // of a line, in UTF-8: kMaxTextBytes of text.h

// What is sent of a text that was typed or pasted: without what the server would leave out. A control character is six bytes
// of JSON, and the server takes no message of any size.
export const textOf = (typed) => typed.replace(/(?![\n\t])[\p{Cc}\p{Cs}]/gu, '').trim();

export const bytesOf = (text) => new TextEncoder().encode(text).length;

const browser = {
  now: () => performance.now(),
  after: (milliseconds, task) => setTimeout(task, milliseconds),
};

// A line that one says waits until the server sends it back, with its number in the room. After a cut the page tells the
// last number that it has seen, gets what followed, and says again what still waits; the server knows how far it has heard
// each page, and publishes nothing twice.
export class Chat {
  name = '';    // as the room has it: it may have added a mark
  people = [];  // names, in the order in which they came
  joined = false;
  #wanted = '';          // the name that the user asked for,
  #asked = null;         // that of a hello that was not answered yet,
  #accepted = '';        // and the last one that the server took
  #room = '';            // which run of the server the numbers are of
  #seen = 0;             // the number of the last line
  #said = 0;             // lines that this page has said, all in all,
  #waiting = new Map();  // and those that did not come back yet: which of all it is, and its text
  #shown = new Set();    // ids
  #typing = new Map();   // names, and until when it is believed
  #typed = -Infinity;    // when it was last sent that we type
  #told = new Set();     // names of people who are here, as far as the log says
  #patience = -Infinity; // until then nobody is said to have left who was here before a restart

  // `key` is a secret of the person's, the same in all tabs; `sender` is of this page, and another when it is loaded again.
  // `link` is a Connection, and `view` what shows all this: see View. `remember` is told the name that the server took.
  constructor({key, sender, link, view, remember = () => {}, world = browser}) {
    Object.assign(this, {key, sender, link, view, remember, world});
  }

  get hasUnsaid() { return this.#waiting.size > 0; }

  // ---- What the user does ----

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
    if (this.joined) this.#send({type: 'say', n, text});
  }

  type() {
    const now = this.world.now();
    if (!this.joined || now < this.#typed + TYPING_SENT) return;
    this.#typed = now;
    this.#send({type: 'typing'});
  }

  // ---- What the connection does ----

  // Also when there is reason to ask again: it says hello where one is due.
  opened() {
    if (this.#wanted === '' || this.#asked !== null || this.joined) return;
    const hello = {type: 'hello', key: this.key, sender: this.sender, name: this.#wanted, room: this.#room, seen: this.#seen};
    // With the mark that the room gave it, or another of that name could be given it now.
    if (this.name !== '' && this.name !== this.#wanted) hello.called = this.name;
    if (this.#send(hello)) this.#asked = this.#wanted;
  }

  lost() {
    this.joined = false;
    this.#asked = null;
    this.#typing.clear();
    this.#showTyping();
  }

  receive(text) {
    const message = JSON.parse(text);
    switch (message.type) {
      case 'welcome': return this.#onWelcome(message);
      case 'line': return this.#onLine(message);
      case 'joined': return this.#onJoined(message);
      case 'left': return this.#onLeft(message);
      case 'renamed': return this.#onRenamed(message);
      case 'typing': return this.#onTyping(message);
      case 'error': return this.#onError(message);
      // What a later server may say beside, and the answer to a probe, need nothing done.
    }
  }

  #onWelcome({room, name, people, heard, missed, lines}) {
    this.link.prove();
    this.joined = true;
    if (room !== this.#room) {
      if (this.#room === '') {
        this.#told = new Set(people);
      } else {
        this.view.notice('The server was started anew.');
        this.#patience = this.world.now() + RETURN;
        this.world.after(RETURN, () => this.#tellWhoLeft());
      }
      this.#room = room;
      this.#seen = 0;
    }
    const before = this.name;
    this.name = name;
    this.people = people;
    if (missed > 0) this.view.notice(`${missed} earlier ${missed === 1 ? 'line is' : 'lines are'} no longer kept.`);
    lines.forEach((line) => this.#onLine(line));
    for (const [n, text] of this.#waiting) {
      if (n > heard) this.#send({type: 'say', n, text});
      else this.#settle(n);  // it was said, and is one of those that are no longer kept
    }
    if (before !== '' && before !== name) this.#tellRenamed(before, name);
    this.#tellWhoLeft();
    people.forEach((each) => this.#tellJoined(each));
    this.#accept(this.#asked);
    if (this.#wanted !== this.#asked) this.#send({type: 'name', name: this.#wanted});
    this.#asked = null;
    this.#showPeople();
  }

  // Its number says whether it comes again from the same run of the server; its id, if it has one, from whichever.
  #onLine(line) {
    if (line.number <= this.#seen) return;
    this.#seen = line.number;
    this.#stopTyping(line.name);
    if (line.id !== undefined) {
      const [sender, n] = line.id.split('.');
      if (sender === this.sender && this.#waiting.has(Number(n))) this.#settle(Number(n));
      if (this.#shown.has(line.id)) return;
      this.#shown.add(line.id);
      if (this.#shown.size > REMEMBERED) this.#shown.delete(this.#shown.values().next().value);
    }
    this.view.line(line);
  }

  #onJoined({name}) {
    this.people.push(name);
    this.#showPeople();
    this.#tellJoined(name);
  }

  #onLeft({name}) {
    this.people = this.people.filter((each) => each !== name);
    this.#stopTyping(name);
    this.#showPeople();
    this.#tellLeft(name);
  }

  #onRenamed({from, to}) {
    this.people = this.people.map((each) => each === from ? to : each);
    if (this.name === from) {
      this.name = to;
      this.#accept(this.#wanted);
    }
    this.#stopTyping(from);
    this.#showPeople();
    this.#tellRenamed(from, to);
  }

  #onTyping({name}) {
    this.#typing.set(name, this.world.now() + TYPING_SHOWN);
    this.world.after(TYPING_SHOWN, () => this.#showTyping());
    this.#showTyping();
  }

  // With n: our line was refused. Without: our name was.
  #onError({message, n}) {
    if (n === undefined) {
      this.#asked = null;
      this.#wanted = this.#accepted;  // or it would be refused again after each cut
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

  // Each coming and going is told once, also where the page did not hear of it while it was cut off.

  #tellJoined(name) {
    if (this.#told.has(name)) return;
    this.#told.add(name);
    this.view.notice(`${name} joined`);
  }

  #tellLeft(name) {
    this.#told.delete(name);
    this.view.notice(`${name} left`);
  }

  #tellRenamed(from, to) {
    this.#told.delete(from);
    this.#told.add(to);
    this.view.notice(`${from} is ${to} from here on`);
  }

  #tellWhoLeft() {
    if (!this.joined || this.world.now() < this.#patience) return;
    for (const name of this.#told) {
      if (!this.people.includes(name)) this.#tellLeft(name);
    }
  }

  #stopTyping(name) {
    if (this.#typing.delete(name)) this.#showTyping();
  }

  #showTyping() {
    const now = this.world.now();
    for (const [name, until] of this.#typing) {
      if (until <= now) this.#typing.delete(name);
    }
    this.view.typing([...this.#typing.keys()]);
  }

  #showPeople() { this.view.people(this.people, this.name); }

  #send(message) { return this.link.send(JSON.stringify(message)); }
}
