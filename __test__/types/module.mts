// From an ES module: the same names, and a default export that has them all.

import multiproc, { type ErrorCode, Lock, Pool, SharedArray } from 'multiproc';
import * as namespace from 'multiproc';

const array: SharedArray<'i32'> = new multiproc.SharedArray('i32', [1, 2]);
const lock: Lock = new namespace.Lock();
const code: ErrorCode = new multiproc.MultiprocError('ERR_MULTIPROC_NAME', 'x').code;
await using pool: Pool = new multiproc.Pool();
export const sum: number = await pool.run((a, b) => a + b, 1, array.length);
export const same: boolean = multiproc.Pool === Pool && namespace.default === multiproc && multiproc.isMainProcess;

const { fork }: { fork: typeof namespace.fork } = await import('multiproc');
// @ts-expect-error the default export is no class
new multiproc();
// @ts-expect-error there is no such export
multiproc.Manager;
void [lock, code, fork];
