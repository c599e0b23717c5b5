// The opening handshake, line by line.

import {byId, make, sectionLink} from './dom.mjs';

export function drawLine({text, meaning, section}) {
  const line = make('li', meaning ? '' : 'soft', make('code', '', text));
  if (meaning) line.append(make('span', '', `${meaning} `, sectionLink('6455', section)));
  return line;
}

function drawStep(name, value, why) {
  return make('li', '', make('span', 'soft', name), make('code', '', value), make('span', '', why));
}

export function startHandshake(ask) {
  const request = byId('request');
  request.oninput = () => ask({type: 'handshake', request: request.value});

  function show({request: lines, response, error, steps}) {
    byId('requestLines').replaceChildren(...lines.map(drawLine));
    byId('responseLines').replaceChildren(...response.map(drawLine));
    byId('refusal').hidden = !error;
    byId('refusal').textContent = `Refused: ${error}.`;
    byId('steps').hidden = !steps;
    if (!steps) return;
    byId('steps').querySelector('ol').replaceChildren(
        drawStep('the key', steps.key, '16 random bytes in base64, new for each connection'),
        drawStep('and the GUID', steps.joined, 'a fixed constant that no other protocol uses'),
        drawStep('their SHA-1', steps.digest, '20 bytes; not a secret, only a proof that the key was read'),
        drawStep('in base64', steps.accept, 'the value of Sec-WebSocket-Accept'));
  }

  // The page's own handshake.
  function greet(hello) {
    request.value = hello.request.map(({text}) => text).join('\n');
    request.rows = hello.request.length + 1;
    show(hello);
  }

  return {show, greet};
}
