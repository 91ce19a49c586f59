'use strict';
// A named pipe (FIFO) between two programs: run with `writer PATH` and `reader PATH` in two terminals, or without arguments
// for both. Each waits for the other one, without blocking its event loop.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const readline = require('node:readline');
const { once } = require('node:events');
const { NamedPipe, spawn } = require('multiproc');

async function write(pipe) {
  const stream = await pipe.openWrite({ timeout: 20_000 });
  console.log('writer: the reader has come');
  for (const n of [1, 2, 3]) stream.write(`message ${n}\n`);
  stream.end();
  await once(stream, 'close');
}

async function show(stream) {
  for await (const line of readline.createInterface({ input: stream })) console.log(`reader: ${line}`);
  console.log('reader: the last writer has closed the pipe');
}

async function demo() {
  const pipe = NamedPipe.create(path.join(os.tmpdir(), `example-${process.pid}.fifo`), { exclusive: true });
  const writer = spawn(process.execPath, [__filename, 'writer', pipe.path], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(writer, 'close');
  // The writer says that it has found its reader before anything is read: the lines of two programs, in order.
  const spoken = once(writer.stdout, 'data');
  const reading = await pipe.openRead();
  process.stdout.write((await spoken)[0]);
  await show(reading);
  await ended;
  console.log(`writer ended with ${writer.exitCode}`);

  // A reader that goes away.
  const [end, reader] = await Promise.all([pipe.openWrite(), pipe.openRead()]);
  reader.destroy();
  await once(reader, 'close');
  const failure = once(end, 'error');
  end.write('is anybody there?');
  console.log(`writer without a reader: ${(await failure)[0].code}`);

  pipe.unlink();
  console.log(`the file is gone: ${!fs.existsSync(pipe.path)}`);
}

const [, , role, place] = process.argv;
if (role === 'writer') write(new NamedPipe(place));
else if (role === 'reader') NamedPipe.create(place).openRead().then(show);
else demo();
