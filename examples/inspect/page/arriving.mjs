// Frames that are not complete: of each how much has come.

import {byId, make} from './dom.mjs';

const sized = (bytes) => bytes.toLocaleString('en');

export function startArriving() {
  const rows = new Map();  // by connection and sender
  const keyOf = ({connection, sender}) => `${connection}/${sender}`;

  function remove(key) {
    rows.get(key)?.remove();
    rows.delete(key);
  }

  function show({entry}) {
    const {connection, sender, name, payloadBytes, lengthBytes} = entry;
    const key = keyOf(entry);
    if (!rows.has(key)) {
      const bar = make('progress');
      bar.setAttribute('aria-label', `frame of the ${sender} of connection ${connection}`);
      rows.set(key, make('li', sender, make('span', 'who', `#${connection}`), make('span', 'way', sender === 'client' ? '→' : '←'),
          make('b', '', name), bar, make('span', 'size')));
      byId('tapArriving').append(rows.get(key));
    }
    const row = rows.get(key);
    row.querySelector('b').textContent = name;
    row.querySelector('progress').max = lengthBytes;
    row.querySelector('progress').value = payloadBytes;
    row.querySelector('.size').textContent = `${sized(payloadBytes)} of ${sized(lengthBytes)} bytes`;
  }

  return {
    show,
    // The frame is complete, or its stream has ended.
    arrived: (entry) => remove(keyOf(entry)),
    closed({connection}) {
      for (const sender of ['client', 'server']) remove(keyOf({connection, sender}));
    },
    clear() {
      for (const key of [...rows.keys()]) remove(key);
    },
  };
}
