// The user's name: typed into a field, kept as long as the tab is open, told to each connection, and shown as others
// see it. The world's page has it, too.

// Whether the server may have made this name of the chosen one: it omits characters, joins spaces and shortens.
function isMadeOf(name, chosen) {
  const characters = [...chosen.replace(/\s/gu, ' ')];
  let next = 0;
  return [...name].every((character) => {
    next = characters.indexOf(character, next) + 1;
    return next > 0;
  });
}

const MOST_BYTES = 60;  // the server shortens it further

// The bytes to send for a name, in UTF-8, cut between two characters.
export function utf8Of(name) {
  const bytes = new Uint8Array(MOST_BYTES);
  return bytes.subarray(0, new TextEncoder().encodeInto(name, bytes).written);
}

export class OwnName {
  #input;
  #tell;
  #chosen;  // as typed: what the field shows may be the server's

  // `input`: the field; `form`: its form; `key`: of sessionStorage. `tell(utf8)` sends a name if there is a connection.
  constructor({input, form, key, tell}) {
    this.#input = input;
    this.#tell = tell;
    this.#chosen = sessionStorage.getItem(key) ?? '';
    input.value = this.#chosen;
    input.addEventListener('change', () => {
      this.#chosen = input.value.normalize().trim();
      sessionStorage.setItem(key, this.#chosen);
      this.tell();
    });
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      input.blur();  // the keys move the user again
    });
  }

  // Call it for each new connection. Without a chosen name the server's stays.
  tell() { if (this.#chosen) this.#tell(utf8Of(this.#chosen)); }

  // The name that the server has given to the user. Until it knows the chosen one, that is a name of its own.
  show(name) {
    this.#input.placeholder = name;
    if (document.activeElement !== this.#input && isMadeOf(name, this.#chosen)) this.#input.value = name;
  }
}
