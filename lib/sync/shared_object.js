'use strict';
// What all objects that one waits for have in common: the native object behind them, a name, close(), how they travel,
// and the two forms of a wait.
//
// What only the classes of this package may do with an object stands beside the class, as functions: it is no part of
// the interface.

const native = require('../binding');
const runtime = require('../runtime');
const { checkName, checkTimeout, ownOptions } = require('../arguments');
const { dispose } = require('../dispose');
const { MultiprocError } = require('../errors');
const { met, travel } = require('../travel');
const { waitOptions } = require('../waits');

/** Most goals need none. */
const NO_ARGUMENTS = [0, 0];

let open;
let pin;
let unpin;
let typeOf;
let onceClosed;

class SharedObject {
  #type;
  #name;
  #native;
  #isClosed = false;
  /** What is under way and has to end with the native object, though this one be closed meanwhile. */
  #pins = 0;
  /** @type {Set<() => void> | undefined} */
  #watchers;

  /**
   * @param {{ kind: number, name: string, noun: string, create?: (argument: any, name?: string) => object }} type
   *   what errors call the class and an object of it, and how the native object is made, if not as most are
   * @param {{ name?: string } | undefined} options the user's
   * @param {{ name?: string, index?: number, generation?: number } | undefined} internal for this package alone: a
   *   handle to be revived, or the name that another object gives a part of its own
   * @param {() => any} [argument] checks what a new object is made with, and returns it
   */
  constructor(type, options, internal, argument) {
    this.#type = type;
    if (internal?.index === undefined) {
      const call = `new ${type.name}()`;
      this.#name = internal?.name ?? checkName(call, ownOptions(call, options, ['name']).name);
      const checked = argument?.() ?? 0;
      runtime.open();
      this.#native = type.create?.(checked, this.#name) ?? native.createObject(type.kind, checked, this.#name);
    } else {
      runtime.open();
      this.#name = internal.name;
      this.#native = native.openObject(type.kind, internal.index, internal.generation);
    }
  }

  get name() {
    return this.#name;
  }

  close() {
    this.#isClosed = true;
    for (const watcher of this.#watchers ?? []) watcher();
    this.#watchers = undefined;
    if (this.#pins === 0) this.#native.close();
  }

  [dispose]() {
    this.close();
  }

  toJSON() {
    return met();
  }

  [travel]() {
    const shared = open(this, 'send');
    const [index, generation] = shared.identity();
    shared.ship();
    return { kind: this.#type.kind, index, generation, extra: this.#name };
  }

  static {
    open = (object, method) => {
      if (!object.#isClosed) return object.#native;
      const { name, noun } = object.#type;
      throw new MultiprocError(
        'ERR_MULTIPROC_CLOSED',
        `${noun}.${method}: this ${name} was closed in this thread; make or receive it anew`,
      );
    };
    pin = (object, method) => {
      const shared = open(object, method);
      object.#pins += 1;
      return shared;
    };
    unpin = (object) => {
      object.#pins -= 1;
      if (object.#isClosed && object.#pins === 0) object.#native.close();
    };
    onceClosed = (object, watcher) => {
      object.#watchers ??= new Set();
      object.#watchers.add(watcher);
      return () => object.#watchers?.delete(watcher);
    };
    typeOf = (object) => (typeof object === 'object' && object !== null && #type in object ? object.#type : undefined);
  }
}

/** The promise form of a wait, which `closing` may end. @returns {Promise<number>} its outcome */
function wait(object, method, goal, options, closing) {
  try {
    const { limit, signal } = waitOptions(`${typeOf(object).noun}.${method}()`, options);
    return waitFor(open(object, method), goal, limit, signal, NO_ARGUMENTS, closing);
  } catch (error) {
    return Promise.reject(error);
  }
}

/** The same with checked options, for a native object. @returns {Promise<number>} */
function waitFor(shared, goal, limit, signal, [a, b] = NO_ARGUMENTS, closing = undefined) {
  return runtime.wait((instance, ms) => shared.begin(instance, goal, a, b, ms), limit, signal, closing);
}

/** The blocking form of a wait. @returns {number} its outcome */
function waitSync(object, method, goal, timeout) {
  const limit = checkTimeout(`${typeOf(object).noun}.${method}()`, timeout);
  return open(object, method).waitSync(goal, 0, 0, limit);
}

module.exports = {
  SharedObject,
  /** The native object. Throws when it was closed; `method` is what was called. @type {(object: SharedObject, method: string) => object} */
  open,
  /** As `open`; what is returned can be used until `unpin`, also when the object is closed before. */
  pin,
  unpin,
  /** Calls the watcher when the object is closed in this thread. @type {(object: SharedObject, watcher: () => void) => () => void} forgets it */
  onceClosed,
  /** What kind of shared object a value is, if it is one. @type {(value: unknown) => { kind: number, name: string, noun: string } | undefined} */
  typeOf,
  waitOptions,
  wait,
  waitFor,
  waitSync,
};
