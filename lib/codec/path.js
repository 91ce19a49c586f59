'use strict';
// Where in a value something failed, as the JavaScript expression that reads it: `args[0].rows[3].callback`.
//
// Nothing is recorded while all goes well: writers catch, add their own step and throw again, so a path is put
// together from the inside out. What is thrown inside the encoder is a Failure; encode() makes the public error of it.

const STEPS_SHOWN = 24;
const TEXT_SHOWN = 60;

class Failure {
  constructor(reason, cause) {
    this.reason = reason;
    this.cause = cause;
    this.steps = [];
  }
}

const isOverflow = (error) => error instanceof RangeError && error.message === 'Maximum call stack size exceeded';

/** Any thrown thing as a Failure; `step` is where the thrower stood, a function from the path before to the path after. */
function failed(error, step) {
  let failure = error;
  if (!(error instanceof Failure)) {
    failure = isOverflow(error)
      ? new Failure('is nested too deeply for the stack that is left')
      : new Failure(`could not be read: ${describeThrown(error)}`, error);
  }
  if (step !== undefined) failure.steps.push(step);
  return failure;
}

function describeThrown(error) {
  try {
    return String(error);
  } catch {
    return 'its getter threw';
  }
}

/** @returns {string} the path of a failure below `root`, abbreviated in the middle when it is very long */
function pathOf(failure, root) {
  let path = String(root);
  const { steps } = failure;
  const hidden = steps.length - STEPS_SHOWN;
  for (let i = steps.length - 1; i >= 0; i--) {
    if (hidden > 0 && i < steps.length - STEPS_SHOWN / 2 && i >= STEPS_SHOWN / 2) {
      if (i === STEPS_SHOWN / 2) path += `…(${hidden} steps)…`;
      continue;
    }
    path = steps[i](path);
  }
  return path;
}

const property = (key) => (path) => path + (/^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${quote(key)}]`);
const element = (index) => (path) => `${path}[${index}]`;
const setItem = (index) => (path) => `[...${path}][${index}]`;
const mapKey = (index) => (path) => `[...${path}.keys()][${index}]`;

// A key that cannot be written down is named by its place.
const mapValue = (key, index) => (path) => {
  if (typeof key === 'string') return `${path}.get(${quote(key)})`;
  if (typeof key === 'bigint') return `${path}.get(${key}n)`;
  if (typeof key === 'object' && key !== null) return `[...${path}.values()][${index}]`;
  return `${path}.get(${String(key)})`;
};

function quote(text) {
  return JSON.stringify(text.length > TEXT_SHOWN ? `${text.slice(0, TEXT_SHOWN)}…` : text);
}

module.exports = { Failure, failed, pathOf, property, element, setItem, mapKey, mapValue };
