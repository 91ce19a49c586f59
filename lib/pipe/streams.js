'use strict';
// A connection as streams, of Node.js and of the web: one message is one chunk, and who is slow stops the sender.
//
// What ends a stream for reading takes its wait back, so that no message is taken for nobody.

const { Readable, Writable } = require('node:stream');

/** Messages are read when they are asked for, and no more than one ahead. */
const AHEAD = 1;

/**
 * @param {{ recv(options: { signal: AbortSignal }): Promise<unknown> }} connection
 * @param {(message: unknown) => void} putBack
 */
function toReadable(connection, putBack) {
  const end = new AbortController();
  return new Readable({
    objectMode: true,
    highWaterMark: AHEAD,
    read() {
      connection.recv({ signal: end.signal }).then(
        (message) => {
          if (message !== null) return this.push(message);
          putBack(message);
          const text = 'a message is null, which a stream of Node.js cannot hold; recv() and toReadableStream() can';
          this.destroy(Object.assign(new TypeError(text), { code: 'ERR_STREAM_NULL_VALUES' }));
        },
        (error) => (isEnd(error) ? this.push(null) : this.destroy(error)),
      );
    },
    destroy(error, done) {
      end.abort();
      done(error);
    },
  });
}

/** @param {() => void} endSending */
function toWritable(connection, endSending) {
  return new Writable({
    objectMode: true,
    write: (value, _encoding, done) => connection.send(value).then(() => done(), done),
    final: (done) => {
      endSending();
      done();
    },
  });
}

function toReadableStream(connection) {
  const end = new AbortController();
  return new ReadableStream(
    {
      async pull(controller) {
        try {
          controller.enqueue(await connection.recv({ signal: end.signal }));
        } catch (error) {
          if (end.signal.aborted) return;
          if (!isEnd(error)) throw error;
          controller.close();
        }
      },
      cancel: () => end.abort(),
    },
    { highWaterMark: 0 },
  );
}

/** @param {() => void} endSending */
function toWritableStream(connection, endSending) {
  return new WritableStream({
    write: (value, { signal }) => connection.send(value, { signal }),
    close: () => endSending(),
  });
}

const isEnd = (error) => error.code === 'ERR_MULTIPROC_EOF';

module.exports = { toReadable, toReadableStream, toWritable, toWritableStream };
