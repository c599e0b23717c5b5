// The digests of the server: digest.h documents each byte. No DOM: page_test.js runs it in Node.js.

const CURSORS = 1;
const WORLD = 2;
const AVATAR = 0;  // kind.h of the world

// {type: 'cursors', count, cursors: [{id, x, y}]} or {type: 'world', bodies: [{kind, x, y}], players: the same}, where
// places are from 0 to 1. null: a digest of a later server.
export function readDigest(buffer) {
  const view = new DataView(buffer);
  switch (view.getUint8(0)) {
    case CURSORS: {
      const cursors = [];
      for (let at = 3; at < view.byteLength; at += 6) {
        cursors.push({
          id: view.getUint16(at, true), x: view.getUint16(at + 2, true) / 65536, y: view.getUint16(at + 4, true) / 65536,
        });
      }
      return {type: 'cursors', count: view.getUint16(1, true), cursors};
    }
    case WORLD: {
      const [bodies, players] = [[], []];
      for (let at = 1; at < view.byteLength; at += 3) {
        const kind = view.getUint8(at);
        (kind === AVATAR ? players : bodies).push({kind, x: view.getUint8(at + 1) / 255, y: view.getUint8(at + 2) / 255});
      }
      return {type: 'world', bodies, players};
    }
  }
  return null;
}
