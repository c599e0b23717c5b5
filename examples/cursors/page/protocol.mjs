// The messages of the cursors; ../README.md documents each byte. No DOM: page_test.js runs it in Node.js.

const WELCOME = 1, ALL = 2, CHANGES = 3, PONG = 4;
const MOVE = 16, PING = 17;
const GONE = 255;  // in place of an age

export const VERSION = 1;
export const SPACE = 65536;  // coordinates are less than this

// `heard`: the number of messages with changes that this connection has received.
export const encodeMove = (heard, {x, y}) => Uint8Array.of(MOVE, heard, x, x >> 8, y, y >> 8);
export const encodePing = (heard, number) => Uint8Array.of(PING, heard, number);

// {all, time, changes}: of all cursors, or of those that changed. Each change is {id, age, x, y}, or {id, gone}. Times are in milliseconds.
function decodeChanges(view) {
  const changes = [];
  for (let at = 3; at < view.byteLength;) {
    const id = view.getUint16(at, true);
    const age = view.getUint8(at + 2);
    if (age === GONE) {
      changes.push({id, gone: true});
      at += 3;
    } else {
      changes.push({id, age, x: view.getUint16(at + 3, true), y: view.getUint16(at + 5, true)});
      at += 7;
    }
  }
  return {all: view.getUint8(0) === ALL, time: view.getUint16(1, true), changes};
}

// Calls the handler of the message's type: welcome({version, own}), changes({all, time, changes}), pong(number).
// Input that is too short throws a RangeError; a page can do nothing else about it.
export function dispatch(buffer, handlers) {
  const view = new DataView(buffer);
  const type = view.getUint8(0);
  switch (type) {
    case WELCOME: return handlers.welcome({version: view.getUint8(1), own: view.getUint16(2, true)});
    case ALL:
    case CHANGES: return handlers.changes(decodeChanges(view));
    case PONG: return handlers.pong(view.getUint8(1));
    default: throw new Error(`there is no message of type ${type}`);
  }
}
