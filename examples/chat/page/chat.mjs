// The page's knowledge of the room, and the lines it still has to send: no view and no network. README.md documents
// the messages.

const TYPING_SENT = 2_000;   // milliseconds: "typing" is sent at most this often,
const TYPING_SHOWN = 5_000;  // and shown for this long
const REMEMBERED = 1_000;    // the number of line ids kept, to recognize repeated lines
// a person who was here before a restart of the server, and is not back by then, has left
const RETURN = 30_000;
export const MOST_BYTES = 4096;  // of a line, in UTF-8: kMaxTextBytes of text.h

// The text to send for typed or pasted text: without the characters that the server would remove. A control character
// takes six bytes of JSON, and the server limits the size of messages.
export const textOf = (typed) => typed.replace(/(?![\n\t])[\p{Cc}\p{Cs}]/gu, '').trim();

export const bytesOf = (text) => new TextEncoder().encode(text).length;

const browser = {
  now: () => performance.now(),
  after: (milliseconds, task) => setTimeout(task, milliseconds),
};

// A line of the user waits until the server sends it back, with its number in the room. After a cut the page sends
// the last number that it has seen, gets the lines after it, and resends the lines that still wait; the server knows
// the last line it received from each page, and publishes nothing twice.
export class Chat {
  name = '';    // the room's name for the user: it may have added a mark
  people = [];  // names, in the order of their arrival
  joined = false;
  #wanted = '';          // the name that the user requested,
  #asked = null;         // that of a hello without an answer yet,
  #accepted = '';        // and the last one that the server accepted
  #room = '';            // the run of the server to which the numbers belong
  #seen = 0;             // the number of the last line
  #said = 0;             // the number of lines that this page has sent,
  #waiting = new Map();  // and those that did not come back yet: the number and text of each
  #shown = new Set();    // ids
  #typing = new Map();   // names, and the time until which they are shown as typing
  #typed = -Infinity;    // when "typing" was last sent
  #told = new Set();     // names of the people who are here, according to the log
  #patience = -Infinity; // until then no person from before a restart is shown as having left

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
    if (this.joined) this.#send({type: 'say', n, text});
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
    const hello = {type: 'hello', key: this.key, sender: this.sender, name: this.#wanted, room: this.#room, seen: this.#seen};
    // With the mark from the room; otherwise another person with that name could get it.
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
      // Messages of later servers, and the answer to a probe, need no action.
    }
  }

  #onWelcome({room, name, people, heard, missed, lines}) {
    this.link.prove();
    this.joined = true;
    if (room !== this.#room) {
      if (this.#room === '') {
        this.#told = new Set(people);
      } else {
        this.view.notice('The server was restarted.');
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
      else this.#settle(n);  // it was received, and is one of those no longer kept
    }
    if (before !== '' && before !== name) this.#tellRenamed(before, name);
    this.#tellWhoLeft();
    people.forEach((each) => this.#tellJoined(each));
    this.#accept(this.#asked);
    if (this.#wanted !== this.#asked) this.#send({type: 'name', name: this.#wanted});
    this.#asked = null;
    this.#showPeople();
  }

  // The number identifies a repeated line from the same run of the server; the id, if it has one, from any run.
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

  // Each arrival and departure is shown once, even if it happened while the page was cut off.

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
    this.view.notice(`${from} is ${to} from now on`);
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
