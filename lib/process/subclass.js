'use strict';
// Subclasses of Process with a run() of their own: how the object gets to the child and what stands for it there.
//
// The child imports the class and makes an object of it without the class's constructor, which belongs to the parent; the
// object's own enumerable fields travel. Private fields (#x) do not exist there.

const { callerFile, describeClass, describeTarget } = require('../target');
const { loadTarget } = require('../target/load');

/** In the place of a target: the object is made in the child. */
const REVIVED = Symbol('revived');

/**
 * @param {Function | undefined} Class with a run() of its own
 * @returns {{ class?: object, target?: object }} what the child runs: the class's run(), or the target
 */
function describe(call, target, Class, scope) {
  const options = { call, callerFile: callerFile(), scope };
  if (Class === undefined) return { target: describeTarget(target, options) };
  const described = { class: describeClass(call, Class, { callerFile: options.callerFile }) };
  return target === undefined || target === null
    ? described
    : { ...described, target: describeTarget(target, options) };
}

/** What the child is sent. The scope is in the target as well; it stands first, so that errors name it as the user wrote it. */
function firstMessage(common, described, object, baseKeys) {
  const message = { ...common, scope: described.target?.scope, ...described };
  if (described.class === undefined) return message;
  return { ...message, fields: Object.fromEntries(Object.entries(object).filter(([key]) => !baseKeys.has(key))) };
}

/** In the child: the object that was started, as far as it travels. */
function revive(Base, Class, { target, args, fields }) {
  return Object.assign(Reflect.construct(Base, [REVIVED, { target: { target }, args }], Class), fields);
}

/** Process.prototype.run. */
async function runTarget(described, args = []) {
  if (described?.target === undefined) return undefined;
  const fn = await loadTarget(described.target);
  return fn(...args);
}

module.exports = { REVIVED, describe, firstMessage, revive, runTarget };
