'use strict';
// Runs every example and compares what it prints, line by line.

const fs = require('node:fs');
const path = require('node:path');
const test = require('ava');
const { guard } = require('../helpers/leaks.js');
const { run } = require('../helpers/run.js');

const EXAMPLES = path.join(__dirname, '..', '..', 'examples');

const PRINTED = {
  '01_basic_process.js': `
parent: greeter is made, running: false
parent: started, running: true
child: hello, world
parent: it is a process of its own: true
parent: and I am its parent: true
parent: it ended with exit code 0, signal null
`,
  '02_multiple_processes.js': `
17984 primes from 0 to 200000
8013 primes from 200000 to 300000
7863 primes from 300000 to 400000
33860 primes below 400000
exit codes: 0, 0, 0
25 primes below 100, counted by the parent
`,
  '03_deadlock.js': `
DeadlockError: 2 processes wait for each other
  left holds lock "forks" and waits for lock "spoons"
  right holds lock "spoons" and waits for lock "forks"
the other one: got what it wanted
locks left taken: 0
`,
  '04_process_pool.js': `
a worker for each processor: true
collatz(3) takes 7 steps
collatz(7) takes 16 steps
collatz(27) takes 111 steps
collatz(97) takes 118 steps
collatz(871) takes 178 steps
collatz(6171) takes 261 steps
collatz(77031) takes 350 steps
collatz(837799) takes 524 steps
collatz(8400511) takes 685 steps
collatz(63728127) takes 949 steps
done by workers only: true
run: 1024
a task failed: SyntaxError
workers left: 0
`,
  '05_queue_communication.js': `
apples: 1 2 3 4 5 6; at each consumer in order: true
pears: 1 2 3 4 5 6; at each consumer in order: true
left in the queue: 0
ERR_MULTIPROC_QUEUE_CLOSED
`,
  '06_pipe_communication.js': `
received 1, its square is 1
received 2, its square is 4
received 3, its square is 9
received 4, its square is 16
received 5, its square is 25
sum of the squares: 55
the child ended with exit code 0
ERR_MULTIPROC_EOF
and that was that
`,
  '07_shared_value.js': `
counter: 3000
guarded: 3000, largest seen: 3000
balance: 1600
2 ** 31 is no i32: ERR_OUT_OF_RANGE
`,
  '08_shared_array.js': `
start: 1 2 3 4 5
square: 1 4 9 16 25
addToLast: 1 4 9 16 85
rotate: 9 16 85 1 4
it is a SharedArrayBuffer: true
`,
  '10_process_lock.js': `
3000 transfers: 1000 + 3000 = 4000
the holder died: ERR_MULTIPROC_PROCESS_DIED, SIGKILL
left behind: 970 + 3000 = 3970
acquired: true
abandoned by the victim: true
repaired: 970 + 3030 = 4000
next time: abandoned by null
locked at the end: false
`,
  '11_process_semaphore.js': `
permits at the start: 2
6 processes have been inside, 0 still are
never more at once than 2
permits at the end: 2
third permit at once: true, true, false
and within 20 ms: false
given back: 2
`,
  '12_process_barrier.js': `
running sums: 10 30 60 100
numbers of the parties: 0 1 2 3
a waiter got: ERR_MULTIPROC_BROKEN_BARRIER, because of the victim
a waiter got: ERR_MULTIPROC_BROKEN_BARRIER, because of the victim
broken: true
broken after reset: false
`,
  '13_orphan.js': `
by default: its parent is the one that started it: true
by default: ended with its parent
orphan: its parent is the one that started it: true
orphan: alive: true, and another parent's: true
detached: its parent is the one that started it: true
detached: alive: true, and another parent's: true
`,
  '14_zombie.js': `
Process-1 runs: true
it has ended; the system says: zombie, its parent: this program
known here: exit code null, running: false
after SIGKILL: zombie
reaped, exit code 42; the system says: dead
a shell: zombie, then SIGTERM
reaped by itself: dead
`,
  '15_run_commands.js': `
exec: one TWO (error: null)
execFile: a-b c-
spawn: exit code 0, err out
execSync: 42
execFileSync: INPUT
failed: 3, reason
missing: ENOENT
too late: true, SIGTERM
too long: true, 1000 bytes kept
aborted: true, no longer needed
by a shell: x / INJECTED
without one: x; echo INJECTED
`,
  '16_cluster_module.js': `
2 workers on one port: true
answered 20 requests by 2 workers
counted in shared memory: 20
a request that crashes a worker: null
it ended with 1 and is started again: attempt 1
answered 20 more, counted 40
drained: stopped, stopped
`,
  '17_process_signals.js': `
three hearts beat
suspended: no beat
resumed: it beats again
SIGUSR1 was passed on
listener: cleaned up after SIGTERM
heart-0: round finished, stopped by SIGINT, exit code 0
heart-1: round finished, stopped by SIGINT, exit code 0
`,
  '18_process_restart.js': `
exit code 7: start 2 after 10 ms
exit code 7: start 3 after 20 ms
running: true, restarts: 2
stopped: stopped, and not started again
gave up after 3 restarts, 10, 20, 25 ms apart; the last exit code was 1
healthy in between: attempts 1, 1, 1; state: goes on
`,
  'bounded_buffer.js': `
taken by each consumer: 6 and 6
together: 1 2 3 4 5 6 7 8 9 10 11 12
odd items in order: true
even items in order: true
places free at the end: 4 of 4
`,
  'condition.js': `
consumed together: 420 (twice the sum of 1 to 20)
never more than 3 places taken: true
left in the buffer: 0
waits in vain for 20 ms: false
`,
  'deadlock_avoidance.js': `
800 transfers, no deadlock
accounts: 1200, 800, 1000
all three within 20 ms: false
held meanwhile: 1
`,
  'exec_process.js': `
by path, by name, hello
argv[0]: my-shell
no-such-program: ENOENT
/etc: EACCES
inherited without being listed: nothing
listed: 3 read through descriptor 3
printf | sort: 8 9 10
`,
  'fork_server.js': `
started while the server starts: by spawn
the server is ready: true
three more: by forkserver
primes: 3, 31, 547
made by the server: true
each is the first visitor: true
random numbers that are equal: 0
with a heap of its own: by spawn
the server was killed, and the next one works: 11
`,
  'message_queue.js': `
producer: 5 messages sent, then it ended with 0
waiting in the queue: 5 of 10
priority 9: stop the press
priority 5: print page 1
priority 5: print page 2
priority 1: oil the press
priority 0: sweep the floor
empty: ERR_MULTIPROC_TIMEOUT
full: room for 10, then false
without the queue: ENOENT
`,
  'monitor.js': `
paid in 140, paid out 20 + 40 + 80
left: 0
inside twice
`,
  'named_pipe.js': `
writer: the reader has come
reader: message 1
reader: message 2
reader: message 3
reader: the last writer has closed the pipe
writer ended with 0
writer without a reader: EPIPE
the file is gone: true
`,
  'readers_writers.js': `
written: 1000 and 1000
seen half done: 0 times
two readers met inside: 0, 1
a writer beside a reader: false
alone: true
readers now: 1
`,
  'signals.js': `
SIGTERM: left the loop
exit code 0, signal null
four children ended with 1, 2, 3, 4
SIGUSR1 three times: exit code 33
SIGUSR2 without a handler: exit code null, signal SIGUSR2
`,
  'sockets.js': `
refused: ERR_MULTIPROC_AUTH
the guesser got: ERR_MULTIPROC_AUTH
1 more: 1
2 more: 3
3 more: 6
bytes: fin
the player is gone, and the connection ends
afterwards: ENOENT
`,
  'spawn_pipe.js': `
received 1, its square is 1
received 2, its square is 4
received 3, its square is 9
received 4, its square is 16
received 5, its square is 25
sum of the squares: 55
the child ended with exit code 0
`,
};

/** It has tests of its own. */
const OTHERS = ['word_count.js'];

guard(test);

test('every example is here and in the README', (t) => {
  const files = fs.readdirSync(EXAMPLES).filter((name) => name.endsWith('.js') && !OTHERS.includes(name));
  t.deepEqual(files.sort(), Object.keys(PRINTED));
  const readme = fs.readFileSync(path.join(EXAMPLES, 'README.md'), 'utf8');
  for (const file of files) t.true(readme.includes(`| [${file}](${file}) | `), file);
});

for (const [file, printed] of Object.entries(PRINTED)) {
  test.serial(`${file} prints what it should`, async (t) => {
    const { stdout, stderr, code } = await run(path.join(EXAMPLES, file), [], { timeout: 60_000 });
    t.deepEqual(stdout.split('\n'), printed.slice(1).split('\n'));
    t.is(stderr, '');
    t.is(code, 0);
  });
}
