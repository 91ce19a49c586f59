// What must not compile. Compiled, never run: each line below its comment has to be an error.

import { Barrier, defineTasks, fork, Lock, MultiprocError, Pool, Process, registerError, Semaphore } from 'multiproc';
import { SharedArray, sharedBuffer, SharedValue } from 'multiproc';
// @ts-expect-error there is no such export
import { Manager } from 'multiproc';

declare const pool: Pool;
declare const lock: Lock;

export async function wrong(): Promise<void> {
  // @ts-expect-error an argument is missing
  new Process((a: number, b: number) => a + b, { args: [1] });
  // @ts-expect-error the arguments are missing
  new Process((a: number) => a);
  // @ts-expect-error a string is no number
  new Process((a: number) => a, { args: ['1'] });
  // @ts-expect-error args is an array
  new Process((a: number) => a, { args: 1 });
  // @ts-expect-error not a function and not a module
  new Process('file.js');
  // @ts-expect-error an unknown option
  new Process(() => 1, { memory: 5 });
  // @ts-expect-error not a start method
  new Process(() => 1, { startMethod: 'fork' });
  // @ts-expect-error the result is a number
  const text: Promise<string> = new Process(() => 1).result;
  // @ts-expect-error names are read-only
  new Process(() => 1).name = 'x';
  // @ts-expect-error no such signal
  new Process(() => 1).signal('SIGNOTHING');
  // @ts-expect-error no such event
  new Process(() => 1).on('message', () => {});
  // @ts-expect-error the timeout is an option
  await new Process(() => 1).join(100);

  // @ts-expect-error a number of workers is a number
  new Pool({ workers: 'two' });
  // @ts-expect-error an argument is missing
  await pool.run((a: number, b: number) => a + b, 1);
  // @ts-expect-error a string is no number
  await pool.run((a: number) => a, '1');
  // @ts-expect-error one argument too many
  await pool.run(() => 1, 2);
  // @ts-expect-error the items are numbers
  await pool.map((item: string) => item, [1, 2]);
  // @ts-expect-error not iterable
  await pool.map((item: number) => item, 5);
  // @ts-expect-error the function gets the item alone
  await pool.map((item: number, index: number) => item + index, [1]);
  // @ts-expect-error an unknown option
  await pool.map((item: number) => item, [1], { ordered: false });
  // @ts-expect-error the arguments are an array
  await pool.apply((a: number) => a, 1);

  // @ts-expect-error the blocking form takes milliseconds
  lock.acquireSync({ timeout: 5 });
  // @ts-expect-error the promise form takes options
  await lock.acquire(5);
  // @ts-expect-error in time or `false`
  const inTime: number = await lock.run(() => 1, { timeout: 5 });
  // @ts-expect-error no such option
  new Lock({ reentrant: true });
  // @ts-expect-error parties must be given
  new Barrier();
  // @ts-expect-error permits are counted in numbers
  new Semaphore('1');

  // @ts-expect-error there is no such element type
  new SharedArray('nope', 4);
  // @ts-expect-error there is no clamped type
  new SharedArray(Uint8ClampedArray, 4);
  // @ts-expect-error elements of 64 bits are bigints
  new SharedArray('i64', [1, 2]);
  // @ts-expect-error a length or elements
  new SharedArray('i32');
  // @ts-expect-error numbers in, bytes out
  const bytes: Uint8Array = new SharedArray('i32', 1).view;
  // @ts-expect-error no lock was asked for
  new SharedArray('i32', 1, { lock: false }).lock.acquireSync();
  // @ts-expect-error the value is a bigint
  new SharedValue('i64').value = 1;
  // @ts-expect-error the value is a boolean
  new SharedValue('bool', 1);
  // @ts-expect-error booleans are not added
  new SharedValue('bool').add(true);
  // @ts-expect-error floats have no bits
  new SharedValue('f64').and(1);
  // @ts-expect-error the memory cannot be exchanged
  new SharedValue('i32').buffer = sharedBuffer(8);
  // @ts-expect-error a size
  sharedBuffer('8');

  // @ts-expect-error tasks are functions
  defineTasks(__filename, { five: 5 });
  const tasks = defineTasks(__filename, { double: (n: number) => n * 2 });
  // @ts-expect-error tasks are frozen
  tasks.double = (n: number) => n;
  // @ts-expect-error a string is no number
  tasks.double('x');
  // @ts-expect-error two modes
  fork('x.js', [], { serialization: 'xml' });
  // @ts-expect-error not in the list of codes
  new MultiprocError('ERR_MULTIPROC_NOPE', 'x');
  // @ts-expect-error not an error class
  registerError(Map);
  void [text, inTime, bytes, Manager];
}
