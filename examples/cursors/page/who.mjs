// The visitors that are here, in words. No DOM: page_test.js runs it in Node.js.

const MOST_NAMES = 3;

// `people`: the names of the others, `bots`: their number.
export function whoIsHere(people, bots) {
  // Isolated: letters written from the right would change the order of what follows.
  const some = people.slice(0, people.length > MOST_NAMES ? MOST_NAMES - 1 : MOST_NAMES).map((name) => `\u2068${name}\u2069`);
  if (people.length > MOST_NAMES) some.push(`${people.length - MOST_NAMES + 1} others`);
  if (bots > 0) some.push(bots === 1 ? 'a bot' : `${bots} bots`);
  if (some.length === 0) return 'You are alone';
  const last = some.pop();
  return `With you: ${some.length > 0 ? `${some.join(', ')} and ${last}` : last}`;
}
