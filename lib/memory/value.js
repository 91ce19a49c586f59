'use strict';
// SharedValue: one number, bigint or boolean that processes share. Its operations are single atomic instructions; what
// takes several of them is done under its lock.

const { checkName, invalidType, invalidValue, outOfRange, ownOptions } = require('../arguments');
const { Lock } = require('../sync/lock');
const { KIND, met, onRevive, travel } = require('../travel');
const { allocate } = require('./buffer');
const { elementType, toElement } = require('./types');

const BYTES = 8;

class SharedValue {
  #type;
  #view;
  #bits;
  #lock;

  constructor(type, initial, options, revived) {
    const call = 'new SharedValue()';
    this.#type = elementType(call, type);
    if (revived === undefined) {
      const { lock, name } = ownOptions(call, options, ['lock', 'name']);
      checkName(call, name);
      if (initial !== undefined) this.#element(call, 'initial', initial);
      this.#lock = lockFrom(call, lock, name);
      this.#attach(allocate(call, BYTES, name));
      // A named value that is there already keeps what it holds, unless a value is given.
      if (initial !== undefined) this.value = initial;
    } else {
      this.#lock = revived.lock;
      this.#attach(revived.buffer);
    }
  }

  get type() {
    return this.#type.name;
  }

  get buffer() {
    return this.#view.buffer;
  }

  get lock() {
    return this.#lock;
  }

  get value() {
    if (this.#type.Bits !== undefined) return this.#view[0];
    return this.#fromElement(Atomics.load(this.#view, 0));
  }

  set value(value) {
    const element = this.#element('sharedValue.value', 'value', value);
    if (this.#type.Bits !== undefined) this.#view[0] = element;
    else Atomics.store(this.#view, 0, element);
  }

  add(amount) {
    return this.#arithmetic('add', amount, (old) => old + amount);
  }

  sub(amount) {
    return this.#arithmetic('sub', amount, (old) => old - amount);
  }

  and(mask) {
    return this.#bitwise('and', mask);
  }

  or(mask) {
    return this.#bitwise('or', mask);
  }

  xor(mask) {
    return this.#bitwise('xor', mask);
  }

  exchange(value) {
    const element = this.#element('sharedValue.exchange()', 'value', value);
    if (this.#type.Bits !== undefined) return this.#exchangeBits(() => element);
    return this.#fromElement(Atomics.exchange(this.#view, 0, element));
  }

  compareExchange(expected, replacement) {
    const before = this.#element('sharedValue.compareExchange()', 'expected', expected);
    const after = this.#element('sharedValue.compareExchange()', 'replacement', replacement);
    if (this.#type.Bits === undefined) return this.#fromElement(Atomics.compareExchange(this.#view, 0, before, after));
    // As the value is stored: 0.1 is another number in 32 bits.
    const stored = new this.#type.View([before])[0];
    return this.#exchangeBits((old) => (Object.is(old, stored) ? after : old));
  }

  update(fn) {
    const call = 'sharedValue.update()';
    if (typeof fn !== 'function') throw invalidType(call, 'fn', 'a function', fn);
    for (;;) {
      const old = this.value;
      const wanted = fn(old);
      this.#element(call, 'result of fn', wanted);
      if (Object.is(this.compareExchange(old, wanted), old)) return wanted;
    }
  }

  toJSON() {
    return met();
  }

  [travel]() {
    const extra = { type: this.#type.name, buffer: this.#view.buffer, lock: this.#lock };
    return { kind: KIND.value, index: 0, generation: 0, extra };
  }

  #attach(buffer) {
    this.#view = new this.#type.View(buffer, 0, 1);
    if (this.#type.Bits !== undefined) this.#bits = new this.#type.Bits(buffer, 0, 1);
  }

  #arithmetic(method, amount, operate) {
    const call = `sharedValue.${method}()`;
    if (this.#type.name === 'bool') throw invalidValue(call, 'this', 'a number or bigint', 'bool');
    const wanted = typeof this.#view[0];
    if (typeof amount !== wanted) throw invalidType(call, 'amount', `a ${wanted}`, amount);
    if (this.#type.Bits !== undefined) return this.#exchangeBits(operate);
    if (wanted === 'number' && !Number.isInteger(amount)) throw outOfRange(call, 'amount', 'an integer', amount);
    return Atomics[method](this.#view, 0, amount);
  }

  #bitwise(method, mask) {
    const call = `sharedValue.${method}()`;
    if (this.#type.Bits !== undefined) throw invalidValue(call, 'this', 'an integer or boolean', this.#type.name);
    return this.#fromElement(Atomics[method](this.#view, 0, this.#element(call, 'mask', mask)));
  }

  // Floats are exchanged as integers of the same width: JavaScript has no atomics for them. Returns the old value.
  #exchangeBits(operate) {
    const scratch = new this.#type.View(1);
    const scratchBits = new this.#type.Bits(scratch.buffer);
    for (;;) {
      const oldBits = Atomics.load(this.#bits, 0);
      scratchBits[0] = oldBits;
      const old = scratch[0];
      scratch[0] = operate(old);
      if (Atomics.compareExchange(this.#bits, 0, oldBits, scratchBits[0]) === oldBits) return old;
    }
  }

  #element(call, name, value) {
    return toElement(call, name, value, this.#type);
  }

  #fromElement(element) {
    return this.#type.name === 'bool' ? element !== 0 : element;
  }
}

/** @returns {Lock | undefined} */
function lockFrom(call, lock, name) {
  if (lock === undefined || lock === true)
    return new Lock(undefined, name === undefined ? undefined : { name: `${name}\u0001lock` });
  if (lock === false) return undefined;
  if (typeof lock === 'object' && lock !== null && typeof lock.acquireSync === 'function') return lock;
  throw invalidType(call, 'lock', 'a boolean or a Lock', lock);
}

onRevive(KIND.value, (_index, _generation, extra) => new SharedValue(extra.type, undefined, undefined, extra));

module.exports = { SharedValue, lockFrom };
