'use strict';
// Nobody reads what a child prints any more: that is no error of the child's, whose work goes on.
//
// Node.js reports EPIPE as an 'error' of the stream, which ends a program that does not listen for it. The streams are made
// when a program first uses them, which costs milliseconds; so they are caught on their way.

function keepQuiet() {
  for (const name of ['stdout', 'stderr']) {
    const descriptor = Object.getOwnPropertyDescriptor(process, name);
    if (descriptor?.configurable !== true || descriptor.get === undefined) continue;
    const get = () => {
      Object.defineProperty(process, name, descriptor);
      const stream = descriptor.get.call(process);
      stream.on('error', function ignore(error) {
        // As without a listener.
        if (error?.code !== 'EPIPE' && stream.listenerCount('error') === 1) throw error;
      });
      return stream;
    };
    Object.defineProperty(process, name, { ...descriptor, get });
  }
}

module.exports = { keepQuiet };
