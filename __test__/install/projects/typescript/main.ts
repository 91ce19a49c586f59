import { Lock, Pool, SharedArray } from 'multiproc';

async function main(): Promise<void> {
  const lock = new Lock();
  const cells = new SharedArray('i32', 4);
  const view: Int32Array = cells.view;
  const acquired: boolean = await lock.acquire({ timeout: 10_000 });
  if (!acquired) throw new Error('a free lock could not be acquired');
  view[0] = 100;
  lock.release();

  const pool = new Pool({ workers: 2 });
  const squares: number[] = await pool.map(
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
  console.log(squares.join(' '), view[0]);
}

// Never called: a wrong use must not compile.
export function wrong(): void {
  // @ts-expect-error there is no such element type
  new SharedArray('nope', 4);
  // @ts-expect-error a number of workers is a number
  new Pool({ workers: 'two' });
}

main();
