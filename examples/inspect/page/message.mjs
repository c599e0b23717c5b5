// The composer, the bytes, and their frames.

import {byId, count, make, spaced} from './dom.mjs';
import {drawFrame, ruleOf} from './frame.mjs';
import {SAMPLES} from './samples.mjs';

const OPEN_FRAMES = 3;  // further ones are folded

// The frames in one sentence, for screen readers.
function verdictOn({frames, moreFrames}) {
  const broken = frames.findIndex(({violation}) => violation);
  return count(frames.length + moreFrames, 'frame') +
      (broken < 0 ? ', no rule broken' : `, frame ${broken + 1} is broken: ${ruleOf(frames[broken].violation)}`);
}

// `send` sends a question to the server.
export function startMessage(send) {
  const form = byId('composer');
  const hex = byId('hex');
  let asked = 0;           // outstanding answers: only the last is drawn
  let isComposed = true;   // the bytes come from the form; otherwise the form only says how they are read
  let isDeflated = false;  // the last answer was for a connection with compression

  function question() {
    const {sender, opcode, code, fragment, times, key, compress, takeover, text} = form.elements;
    const data = opcode.value === 'text' || opcode.value === 'binary';
    return {
      type: 'compose', sender: sender.value, opcode: opcode.value, text: text.value, code: Number(code.value),
      fragment: data ? Number(fragment.value) : 0, times: data ? Number(times.value) : 1,
      key: sender.value === 'client' ? key.value : '', compress: data && compress.checked, takeover: takeover.checked,
    };
  }

  // The form must match the bytes, or say that it does not.
  function ask(is) {
    isComposed = is;
    form.classList.toggle('stale', !isComposed);
    if (isComposed) byId('stale').replaceChildren();
    else if (byId('stale').textContent === '') byId('stale').append('The bytes below were not composed from this message; From and compress determine how they are read.', again);
    const {opcode, sender, compress} = form.elements;
    form.dataset.kind = opcode.value;
    form.dataset.sender = sender.value;
    form.dataset.compress = compress.checked;
    asked++;
    send(isComposed ? question() : {type: 'decode', sender: sender.value, deflate: compress.checked, hex: hex.value});
  }
  const compose = () => ask(true);

  function decode() {
    if (isComposed) form.elements.compress.checked = isDeflated;
    ask(false);
  }

  const again = make('button', 'quiet', 'Compose them from it');
  again.type = 'button';
  again.onclick = () => {
    compose();
    hex.focus();
  };

  function show(answer) {
    if (--asked > 0) return;
    byId('error').hidden = true;
    hex.removeAttribute('aria-invalid');
    isDeflated = answer.deflate;
    byId('size').textContent = count(answer.bytes, 'byte');
    byId('verdict').textContent = verdictOn(answer);
    if (isComposed) hex.value = spaced(answer.hex);
    byId('frames').replaceChildren(...answer.frames.map((frame, i) => drawFrame(
        frame, answer.sender, answer.frames.length > 1 ? `Frame ${i + 1}` : 'The frame', i < OPEN_FRAMES || !!frame.violation)));
    if (answer.moreFrames) byId('frames').append(make('p', 'soft', `… and ${count(answer.moreFrames, 'frame')} more`));
  }

  function fail(text) {
    if (--asked > 0) return;
    byId('error').textContent = `${text[0].toUpperCase()}${text.slice(1)}.`;
    byId('error').hidden = false;
    byId('size').textContent = 'No bytes';
    byId('verdict').textContent = '';
    if (isComposed) hex.value = '';
    else hex.setAttribute('aria-invalid', 'true');
    byId('frames').replaceChildren();
  }

  // Shows bytes that `sender` sends, without compression.
  function open(sender, bytes) {
    fill({sender, compress: false});
    hex.value = bytes.replace(/\s/g, '').replace(/..(?=.)/g, '$& ');  // also if the last byte lacks a digit
    ask(false);
  }

  // A restarted server has forgotten all questions.
  function greet() {
    asked = 0;
    ask(isComposed);
  }

  function fill(values) {
    for (const [name, value] of Object.entries(values)) {
      const element = form.elements[name];
      element[element.type === 'checkbox' ? 'checked' : 'value'] = value;
    }
  }

  for (const {name, form: values, sender, hex: bytes} of SAMPLES) {
    const button = make('button', bytes ? 'chip bad' : 'chip', name);
    button.type = 'button';
    button.onclick = () => {
      if (bytes) hex.value = bytes;
      fill(values ?? {sender, compress: false});
      ask(!bytes);
    };
    byId('samples').append(button);
  }
  form.onsubmit = (event) => event.preventDefault();
  form.oninput = ({target}) => ask(isComposed || !['sender', 'compress'].includes(target.name));
  hex.oninput = decode;
  return {greet, open, show, fail};
}
