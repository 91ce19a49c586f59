'use strict';
// The way that sockets and servers go beside a channel of `fork`: each process holds one end of a socket (src/sys/carrier.rs)
// on which descriptors travel under numbers.
//
// Why a socket that every forked child inherits, and no other way: pidfd_getfd(2) is refused where processes may not trace
// each other (Yama), and what the sender holds is gone when it dies before the receiver has come; a socket that is made
// when it is needed has to be found and its finder to be proved. A pair belongs to these two from the start, and what was
// sent is the kernel's: the receiver gets it although the sender is dead.
//
// A descriptor is in the socket before the message that names it is in the channel. So the receiver never waits:
//
//   the sender is killed before the descriptor was sent     nothing was sent
//   … between the descriptor and its message                the next number's receiver, or the end, drops it
//   … before its own copy was closed                        the kernel closes it
//   the receiver is killed before it read the message       the kernel closes what lies in the socket
//   … after                                                 … and what was taken
//
// Few are on their way at once (the kernel counts those of all processes of a user, against RLIMIT_NOFILE): the receiver
// tells of each that it took, and the sender holds the others back, with all that is to come after them.

const { constants } = require('node:os');
const { getSystemErrorName } = require('node:util');
const native = require('../binding');

const { EAGAIN, ENOBUFS, ETOOMANYREFS } = constants.errno;
/** Sent and not taken yet. */
const UNDER_WAY_MAX = 16;

class Carrier {
  #end;
  #sent = 0;
  #taken = 0;

  /** @param {number} end a descriptor, the carrier's own from then on */
  constructor(end) {
    this.#end = end;
  }

  /** @returns {{ ours: Carrier, theirs: number }} `theirs` is a descriptor for the other process */
  static create() {
    const [ours, theirs] = native.carrierPair();
    if (ours < 0) throw systemError('socketpair', ours);
    return { ours: new Carrier(ours), theirs };
  }

  /** @param {number} end inherited. @returns {Carrier | null} null when it is none: nothing can be sent then */
  static adopt(end) {
    return native.carrierAdopt(end) ? new Carrier(end) : null;
  }

  /** This process's end; none once it is closed. @returns {number | undefined} */
  get descriptor() {
    return this.#end < 0 ? undefined : this.#end;
  }

  /** Whether what comes next has to wait until the other side has taken something. */
  get isFull() {
    return this.#sent - this.#taken >= UNDER_WAY_MAX;
  }

  /** The number of the next descriptor to be sent. */
  get next() {
    return this.#sent + 1;
  }

  /** Sends a copy. @returns {boolean} false: it has to wait as if `isFull` */
  send(descriptor) {
    if (this.#end < 0) throw systemError('write', -constants.errno.EPIPE);
    const status = native.carrierSend(this.#end, this.next, descriptor);
    if (status === 0) {
      this.#sent += 1;
      return true;
    }
    // Others' descriptors, or none of ours is under way whose end could be waited for: an error, as in Node.js.
    if ([EAGAIN, ENOBUFS, ETOOMANYREFS].includes(-status) && this.#sent > this.#taken) return false;
    throw systemError('write', status);
  }

  /** The other side has taken this one, and with it all before. */
  noteTaken(number) {
    if (number > this.#taken && number <= this.#sent) this.#taken = number;
  }

  /** @returns {number} a descriptor, the caller's own; negative: it is not there, or this process has no room for it */
  take(number) {
    return this.#end < 0 ? -1 : native.carrierReceive(this.#end, number);
  }

  close() {
    native.closeFd(this.#end);
    this.#end = -1;
  }
}

function systemError(syscall, errno) {
  const code = getSystemErrorName(errno);
  return Object.assign(new Error(`${syscall} ${code}`), { errno, code, syscall });
}

module.exports = { Carrier };
