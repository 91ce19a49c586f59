'use strict';
// Symbol.dispose and Symbol.asyncDispose, also where Node.js has them only as polyfills of others.

module.exports = {
  dispose: Symbol.dispose ?? Symbol.for('Symbol.dispose'),
  asyncDispose: Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose'),
};
