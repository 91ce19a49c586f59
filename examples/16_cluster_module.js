'use strict';
// node:cluster and multiproc together: workers share a port, as cluster does it, and a counter in memory, as it does not.
// A worker that dies is started again; at the end the workers finish what they have begun.

const cluster = require('node:cluster');
const http = require('node:http');
const { once } = require('node:events');
const { SharedValue, supervise } = require('multiproc');

const WORKERS = 2;
const REQUESTS = 20;
/** One number in all processes of the family, found by its name. With an initial value, each new worker would set it back. */
const served = new SharedValue('i32', undefined, { name: 'served' });

function worker() {
  const server = http.createServer((request, response) => {
    if (request.url === '/crash') process.exit(1);
    served.add(1);
    response.end(`${process.pid}`);
  });
  server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
}

/** @returns {Promise<string | null>} what was answered; null: the connection broke */
function get(port, path) {
  return new Promise((resolve) => {
    const request = http.get({ port, path, host: '127.0.0.1', agent: false }, async (response) => {
      let text = '';
      for await (const chunk of response) text += chunk;
      resolve(text);
    });
    request.on('error', () => resolve(null));
  });
}

/** A supervisor of a cluster worker, and the port once it listens. */
function start() {
  const ports = [];
  const supervisor = supervise(
    () => {
      const worker = cluster.fork();
      ports.push(once(worker, 'message').then(([{ port }]) => port));
      return worker.process;
    },
    { backoff: { base: 10 }, maxRestarts: 3 },
  );
  return { supervisor, ports };
}

async function main() {
  const workers = Array.from({ length: WORKERS }, start);
  const ports = await Promise.all(workers.map(({ ports: [first] }) => first));
  const [port] = ports;
  console.log(`${WORKERS} workers on one port: ${ports.every((other) => other === port)}`);

  const answers = await Promise.all(Array.from({ length: REQUESTS }, () => get(port, '/')));
  console.log(`answered ${answers.filter(Boolean).length} requests by ${new Set(answers).size} workers`);
  console.log(`counted in shared memory: ${served.value}`);

  const decided = Promise.race(workers.map(({ supervisor }) => once(supervisor, 'restart')));
  const restarted = Promise.race(workers.map(({ supervisor }) => once(supervisor, 'start')));
  console.log(`a request that crashes a worker: ${await get(port, '/crash')}`);
  const [{ exitCode, attempt }] = await decided;
  console.log(`it ended with ${exitCode} and is started again: attempt ${attempt}`);
  await restarted;
  // Now there is a second worker again.
  await Promise.all(workers.map(({ ports }) => ports.at(-1)));
  const later = await Promise.all(Array.from({ length: REQUESTS }, () => get(port, '/')));
  console.log(`answered ${later.filter(Boolean).length} more, counted ${served.value}`);

  // Draining: no new connections, those that are open come to their end, the workers end by themselves.
  for (const worker of Object.values(cluster.workers)) worker.disconnect();
  await Promise.all(workers.map(({ supervisor }) => supervisor.ended));
  console.log(`drained: ${workers.map(({ supervisor }) => supervisor.state).join(', ')}`);
}

if (cluster.isPrimary) main();
else worker();
