'use strict';
// The programs under test, as child processes.

const {spawn} = require('node:child_process');
const {once} = require('node:events');
const readline = require('node:readline');

// Starts the command that an environment variable names (a path, or a path and its first arguments) as a child
// process that shares our stderr. `exit` resolves to its exit code, or to the signal that ended it.
function run(variable, args) {
  const [file, ...first] = process.env[variable].split(' ');
  const child = spawn(file, [...first, ...args], {stdio: ['ignore', 'pipe', 'inherit']});
  child.exit = once(child, 'close').then(([code, signal]) => code ?? signal);
  return child;
}

// A server of ours on a free port: `url`, and `stop()`, which resolves to its exit code, or to the signal that ended
// it.
async function startServer(variable, args = []) {
  const child = run(variable, ['--port=0', ...args]);
  const lines = readline.createInterface({input: child.stdout});
  for await (const line of lines) {
    const found = line.match(/^Server Listening on (127\.0\.0\.1:\d+)$/);
    if (!found) continue;
    child.stdout.resume();
    return {
      url: `ws://${found[1]}`,
      stop(signal = 'SIGTERM') {
        child.kill(signal);
        return child.exit;
      },
    };
  }
  throw new Error(`${variable} ended with ${await child.exit} before it listened`);
}

// The output of a program, which must end with exit code 0.
async function outputOf(variable, args) {
  const child = run(variable, args);
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => output += text);
  const code = await child.exit;
  if (code !== 0) throw new Error(`${variable} ended with ${code}, having printed: ${output}`);
  return output;
}

// The exit code of a program.
function exitOf(variable, args) {
  const child = run(variable, args);
  child.stdout.resume();
  return child.exit;
}

module.exports = {exitOf, outputOf, startServer};
