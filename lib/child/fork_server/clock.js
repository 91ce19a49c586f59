'use strict';
// How long a newborn runs: process.uptime() counts from its fork. performance.timeOrigin stays that of the server, of which
// all marks are made, and performance.now() counts from there: their sum is the time of day, as it is everywhere.

const uptime = process.uptime.bind(process);

/** In a newborn, at its beginning. */
function restart() {
  const lived = uptime();
  process.uptime = function uptimeOfThis() {
    return uptime() - lived;
  };
}

module.exports = { restart };
