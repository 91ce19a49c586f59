'use strict';
// A connection as streams, of Node.js and of the web: one message is one chunk, and who is slow stops the sender.
//
// What ends a stream for reading takes its wait back, and puts back what was taken and has not been read, so that no
// message is taken for nobody.

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
          // It was taken before the end, in the same turn of the loop.
          if (this.destroyed) return putBack(message);
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
      // What was read ahead is told to nobody.
      this.removeAllListeners('data');
      while (this.readableLength > 0) putBack(this.read());
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

/** As `toReadable`. */
function toReadableStream(connection, putBack) {
  const end = new AbortController();
  return new ReadableStream(
    {
      async pull(controller) {
        try {
          const message = await connection.recv({ signal: end.signal });
          if (end.signal.aborted) putBack(message);
          else controller.enqueue(message);
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
