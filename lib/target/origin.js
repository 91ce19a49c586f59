'use strict';
// Which description a loaded function came from: a child can pass on the function that it was given.

const origins = new WeakMap();

function rememberOrigin(loaded, description) {
  origins.set(loaded, description);
  return loaded;
}

function originOf(loaded) {
  return origins.get(loaded);
}

module.exports = { rememberOrigin, originOf };
