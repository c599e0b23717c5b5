// The visitor, the room and the nodes of a page.

const RETRY_MS = 2_000;

// The room of a page: its name, and its path in the chat, which may be under any prefix. That of the front page has none.
export function roomOf(path) {
  const [, name] = path.match(/\/rooms\/([^/]+)$/) ?? [];
  if (name === undefined) return {path: '', name: ''};
  try { return {path: `rooms/${name}`, name: decodeURIComponent(name)}; } catch { return {path: `rooms/${name}`, name}; }
}

// The name of a person who has logged in, or null for a guest. The cookie itself is not for scripts. Asks until the server
// answers: a person must not become a guest because the database is busy.
export async function account(get, wait = (ms) => new Promise((done) => setTimeout(done, ms))) {
  for (;;) {
    try {
      const answer = await get('me');
      if (answer.ok) return (await answer.json()).name;
    } catch { /* there is no connection */ }
    await wait(RETRY_MS);
  }
}

// Where the page connects, without the last '/': to its own server first, and then to the other nodes, if the server knows
// some.
export async function nodes(get, own) {
  try {
    const answer = await get('nodes');
    if (answer.ok) return [own, ...(await answer.json()).filter((node) => node !== own)];
  } catch { /* there is no connection */ }
  return [own];
}
