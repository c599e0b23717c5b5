// Two servers of npm's socket.io with @socket.io/redis-streams-adapter on one Redis, each a process:
// messages a second from one to a client of the other, and their latency when nothing else happens.
// bench/README.md says how to run it. REDIS_URL names the Redis.

const { fork } = require('child_process');
const http = require('http');
const { createClient } = require('redis');
const { Server } = require('socket.io');
const { io: connect } = require('socket.io-client');
const { createAdapter } = require('@socket.io/redis-streams-adapter');
const { version } = require('@socket.io/redis-streams-adapter/package.json');

const PAYLOAD = 'x'.repeat(64);
const WINDOW = 4096;
const DURATION_MS = Number(process.env.DURATION_MS || 1000);
const ROUNDS = Number(process.env.ROUNDS || 7);

async function startServer() {
  const client = createClient({ url: process.env.REDIS_URL });
  await client.connect();
  const server = http.createServer();
  const io = new Server(server, { adapter: createAdapter(client) });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return { io, port: server.address().port };
}

async function receiver() {
  const { io, port } = await startServer();
  io.on('connection', (socket) => socket.join('room'));
  process.send(port);
  process.on('message', (what) => {
    if (what === 'cpu') process.send(process.cpuUsage());
  });
}

function median(values) {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

const micros = (usage) => usage.user + usage.system;

async function main() {
  const child = fork(__filename, ['receiver']);
  const next = () => new Promise((done) => child.once('message', done));
  const port = await next();
  const { io } = await startServer();
  const client = connect(`http://127.0.0.1:${port}`, { transports: ['websocket'] });
  await new Promise((done) => client.on('connect', done));
  let received = 0;
  let wake = () => {};
  client.on('m', () => {
    received++;
    wake();
  });
  const receive = async (count) => {
    while (received < count) await new Promise((done) => { wake = done; });
  };
  // Until the first messages arrive the client has not joined.
  while (received === 0) {
    io.to('room').emit('m', PAYLOAD);
    await new Promise((done) => setTimeout(done, 50));
  }
  await new Promise((done) => setTimeout(done, 500));

  const rates = [], cpus = [], latencies = [];
  for (let round = 0; round < ROUNDS; round++) {
    received = 0;
    let sent = 0;
    child.send('cpu');
    const before = micros(await next());
    const start = process.hrtime.bigint();
    const elapsed = () => Number(process.hrtime.bigint() - start) / 1e6;
    while (elapsed() < DURATION_MS) {
      for (let i = 0; i < 64; i++, sent++) io.to('room').emit('m', PAYLOAD);
      if (sent - received >= WINDOW) await receive(sent - WINDOW / 2);
      else await new Promise((done) => setImmediate(done));
    }
    await receive(sent);
    rates.push(sent / elapsed() * 1000);
    child.send('cpu');
    cpus.push((micros(await next()) - before) / sent);
    const times = [];
    for (const end = Date.now() + DURATION_MS; Date.now() < end;) {
      const at = process.hrtime.bigint();
      received = 0;
      io.to('room').emit('m', PAYLOAD);
      await receive(1);
      times.push(Number(process.hrtime.bigint() - at) / 1e3);
    }
    latencies.push(median(times));
  }
  console.log(`@socket.io/redis-streams-adapter ${version}: ${Math.round(median(rates))} messages/s, ` +
    `${median(cpus).toFixed(1)} us of CPU a message at the receiver, p50 ${Math.round(median(latencies))} us`);
  client.close();
  child.kill();
  process.exit(0);
}

process.argv[2] === 'receiver' ? receiver() : main();
