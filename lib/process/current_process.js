'use strict';
// currentProcess(): this process as the others see it, and what its parent wants of it.

const role = require('./role');
const { stateOf, usageOf } = require('./system');

class CurrentProcess {
  get pid() {
    return process.pid;
  }

  get name() {
    return role.name;
  }

  get daemon() {
    return role.daemon;
  }

  get startTime() {
    return stateOf(process.pid).startTime;
  }

  /** Made when somebody asks for it: most processes never do. One for all copies of the package in this thread. */
  get stopSignal() {
    role.stop ??= new AbortController();
    return role.stop.signal;
  }

  usage() {
    return usageOf(process.pid);
  }
}

const current = new CurrentProcess();

function currentProcess() {
  return current;
}

module.exports = { currentProcess };
