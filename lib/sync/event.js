'use strict';
// Event: a flag that threads and processes wait for; src/sync/event.rs.

const { KIND, onRevive } = require('../travel');
const goals = require('./goals');
const { TIMED_OUT } = require('./outcome');
const { SharedObject, open, wait, waitSync } = require('./shared_object');

const TYPE = { kind: KIND.event, name: 'Event', noun: 'event' };

class Event extends SharedObject {
  constructor(options, internal) {
    super(TYPE, options, internal);
  }

  get isSet() {
    return open(this, 'isSet').eventIsSet();
  }

  set() {
    open(this, 'set').eventSet();
  }

  clear() {
    open(this, 'clear').eventClear();
  }

  wait(options) {
    return wait(this, 'wait', goals.EVENT, options).then((outcome) => outcome !== TIMED_OUT);
  }

  waitSync(timeout) {
    return waitSync(this, 'waitSync', goals.EVENT, timeout) !== TIMED_OUT;
  }
}

onRevive(KIND.event, (index, generation, name) => new Event(undefined, { index, generation, name }));

module.exports = { Event };
