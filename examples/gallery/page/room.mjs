// The people and the lines of the chat, for a page that watches. No DOM: page_test.js runs it in Node.js.

const REMEMBERED = 1000;  // the number of line ids kept, to recognize repeated lines
export const SILENCE = 8000;  // milliseconds: a node tells every two seconds who is there, unless nobody is left

export class Room {
  #lines = new Set();   // ids
  #nodes = new Map();   // the number of people at each node, and until when it counts

  // False: the line has been here before.
  isNew(id) {
    if (this.#lines.has(id)) return false;
    this.#lines.add(id);
    if (this.#lines.size > REMEMBERED) this.#lines.delete(this.#lines.values().next().value);
    return true;
  }

  // The page could not hear who has left: the nodes tell it again.
  forgetPeople() { this.#nodes.clear(); }

  // `node` has this number of people. Times are in milliseconds.
  tell(node, count, now) { this.#nodes.set(node, {count, until: now + SILENCE}); }

  // The number of people at all nodes.
  people(now) {
    let sum = 0;
    for (const [node, {count, until}] of this.#nodes) {
      if (until <= now) this.#nodes.delete(node);
      else sum += count;
    }
    return sum;
  }
}
