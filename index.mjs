// The ES module face of index.js: the same objects, one state for both.
import multiproc from './index.js';

export const {
  Barrier,
  BrokenBarrierError,
  ChildProcess,
  Lock,
  MultiprocError,
  Pool,
  Process,
  ProcessDiedError,
  RemoteError,
  Semaphore,
  SerializationError,
  SharedArray,
  SharedValue,
  WorkerDiedError,
  activeChildren,
  cpuCount,
  defineTasks,
  exec,
  execFile,
  execFileSync,
  execSync,
  fork,
  isMainProcess,
  registerError,
  sharedBuffer,
  spawn,
  spawnSync,
} = multiproc;
export default multiproc;
