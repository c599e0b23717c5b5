// The composer, the bytes, and the frames that they are.

import {byId, count, make, spaced} from './dom.mjs';
import {drawFrame} from './frame.mjs';
import {SAMPLES} from './samples.mjs';

const OPEN_FRAMES = 3;  // more of them are folded

export function startMessage(ask) {
  const form = byId('composer');
  const hex = byId('hex');
  let asked = 0;           // answers to come: only the last is drawn
  let decodes = null;      // what is decoded, where it is not composed: {sender, deflate}
  let last = {};           // what the bytes were last composed as

  function question() {
    const {sender, opcode, code, fragment, times, key, compress, takeover, text} = form.elements;
    const data = opcode.value === 'text' || opcode.value === 'binary';
    return {
      type: 'compose', sender: sender.value, opcode: opcode.value, text: text.value, code: Number(code.value),
      fragment: data ? Number(fragment.value) : 0, times: data ? Number(times.value) : 1,
      key: sender.value === 'client' ? key.value : '', compress: data && compress.checked, takeover: takeover.checked,
    };
  }

  function compose() {
    const {opcode, sender, compress} = form.elements;
    form.dataset.kind = opcode.value;
    form.dataset.sender = sender.value;
    form.dataset.compress = compress.checked;
    decodes = null;
    asked++;
    ask(question());
  }

  function decode(sender, deflate) {
    decodes = {sender, deflate};
    asked++;
    ask({type: 'decode', sender, deflate, hex: hex.value});
  }

  function show(answer) {
    if (--asked > 0) return;
    byId('error').hidden = true;
    byId('size').textContent = count(answer.bytes, 'byte');
    last = {sender: answer.sender, deflate: answer.deflate};
    if (!decodes) hex.value = spaced(answer.hex);
    byId('frames').replaceChildren(...answer.frames.map((frame, i) => drawFrame(
        frame, answer.sender, answer.frames.length > 1 ? `Frame ${i + 1}` : 'The frame', i < OPEN_FRAMES || !!frame.violation)));
    if (answer.moreFrames) byId('frames').append(make('p', 'soft', `… and ${count(answer.moreFrames, 'frame')} more`));
  }

  function fail(text) {
    if (--asked > 0) return;
    byId('error').textContent = `${text[0].toUpperCase()}${text.slice(1)}.`;
    byId('error').hidden = false;
    byId('frames').replaceChildren();
  }

  for (const {name, sender, deflate = false, hex: bytes, broken} of SAMPLES) {
    const button = make('button', broken ? 'chip bad' : 'chip', name);
    button.type = 'button';
    button.onclick = () => {
      hex.value = bytes;
      decode(sender, deflate);
    };
    byId('samples').append(button);
  }
  form.onsubmit = (event) => event.preventDefault();
  form.oninput = compose;
  hex.oninput = () => decode((decodes ?? last).sender ?? 'client', (decodes ?? last).deflate ?? false);
  return {compose, show, fail, reset: () => asked = 0};
}
