import { createRequire } from 'node:module';
import multiproc, { Lock, Pool, SharedArray } from 'multiproc';

// One state for both module systems: the same classes.
const required = createRequire(import.meta.url)('multiproc');
if (required.Lock !== Lock || multiproc.Lock !== Lock) throw new Error('import and require disagree');

const lock = new Lock();
const cells = new SharedArray('i32', 4);
await lock.acquire();
cells.view[0] = 100;
lock.release();

const pool = new Pool({ workers: 2 });
const squares = await pool.map(
  (job) => {
    job.lock.acquireSync();
    job.cells.view[0] += job.n;
    job.lock.release();
    return job.n * job.n;
  },
  [1, 2, 3, 4].map((n) => ({ lock, cells, n })),
);
await pool.close();
await pool.join();
console.log(squares.join(' '), cells.view[0]);
