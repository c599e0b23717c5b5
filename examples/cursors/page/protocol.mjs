// The messages of the cursors; ../README.md documents each byte. No DOM: page_test.js runs it in Node.js.

const WELCOME = 1, ALL = 2, CHANGES = 3, PONG = 4;
const MOVE = 16, PING = 17, NAME = 18;
const NAMED = 254, GONE = 255;  // in place of an age

export const VERSION = 2;
export const SPACE = 65536;  // coordinates are less than this

// `heard`: the number of messages with changes that this connection has received. `clicks`: a counter, modulo 128.
export const encodeMove = (heard, {x, y, pen, clicks}) => Uint8Array.of(MOVE, heard, x, x >> 8, y, y >> 8, clicks << 1 | (pen ? 1 : 0));
export const encodePing = (heard, number) => Uint8Array.of(PING, heard, number);
export const encodeName = (utf8) => Uint8Array.of(NAME, ...utf8);

const textAt = (view, at, length) => new TextDecoder().decode(new Uint8Array(view.buffer, at, length));

// {all, time, changes}: of all cursors, or of those that changed. Each change is {id, age, x, y, pen, clicks}, or
// {id, name: {text, bot}}, or {id, gone}. Times are in milliseconds.
function decodeChanges(view) {
  const changes = [];
  for (let at = 3; at < view.byteLength;) {
    const id = view.getUint16(at, true);
    const age = view.getUint8(at + 2);
    if (age === GONE) {
      changes.push({id, gone: true});
      at += 3;
    } else if (age === NAMED) {
      const length = view.getUint8(at + 4);
      changes.push({id, name: {text: textAt(view, at + 5, length), bot: view.getUint8(at + 3) !== 0}});
      at += 5 + length;
    } else {
      const marks = view.getUint8(at + 7);
      changes.push({id, age, x: view.getUint16(at + 3, true), y: view.getUint16(at + 5, true), pen: marks % 2 === 1, clicks: marks >> 1});
      at += 8;
    }
  }
  return {all: view.getUint8(0) === ALL, time: view.getUint16(1, true), changes};
}

// Calls the handler of the message's type: welcome({version, own, name}), changes({all, time, changes}), pong(number).
// Input that is too short throws a RangeError; a page can do nothing else about it.
export function dispatch(buffer, handlers) {
  const view = new DataView(buffer);
  const type = view.getUint8(0);
  switch (type) {
    case WELCOME:
      return handlers.welcome({version: view.getUint8(1), own: view.getUint16(2, true), name: textAt(view, 4, view.byteLength - 4)});
    case ALL:
    case CHANGES: return handlers.changes(decodeChanges(view));
    case PONG: return handlers.pong(view.getUint8(1));
    default: throw new Error(`there is no message of type ${type}`);
  }
}
