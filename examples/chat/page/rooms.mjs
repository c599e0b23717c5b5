// The dialog about rooms: the link to this one, and the way to others. A room is made by its first visitor.

const byId = (id) => document.getElementById(id);

// The path of a room under the chat, or why there can be no room of this name.
export function pathOf(typed) {
  const name = typed.trim().replace(/\s+/g, ' ');
  if (name === '') return {path: './', problem: ''};
  if (/[/\\]/.test(name)) return {path: '', problem: 'A room\u2019s name has no / and no \\.'};
  if (/^\.\.?$/.test(name)) return {path: '', problem: 'A room\u2019s name needs more than dots.'};
  return {path: `rooms/${encodeURIComponent(name)}`, problem: ''};
}

// A page that has no TLS and is not of this machine, as on a phone, has no clipboard.
async function copy(input) {
  input.select();
  try { await navigator.clipboard.writeText(input.value); } catch { return document.execCommand('copy'); }
  return true;
}

// `room` is that of the page: see visit.mjs.
export function startRooms(room) {
  byId('where').textContent = room.name === '' ? 'You are in the front room' : `You are in the room \u201c${room.name}\u201d`;
  byId('address').value = new URL(room.path === '' ? './' : room.path, document.baseURI).href;
  byId('front').hidden = room.name === '';
  byId('places').onclick = () => {
    byId('copied').textContent = '';
    byId('rooms').showModal();
  };
  byId('stay').onclick = () => byId('rooms').close();
  byId('copy').onclick = async () => {
    byId('copied').textContent = await copy(byId('address')) ? 'Copied.' : 'Copy the selected link yourself.';
  };
  byId('place').oninput = () => byId('place').setCustomValidity(pathOf(byId('place').value).problem);
  byId('go').onsubmit = (event) => {
    event.preventDefault();
    location.href = new URL(pathOf(byId('place').value).path, document.baseURI).href;
  };
}
