'use strict';
// What the operating system refused, as Node.js itself reports it: code, errno, syscall, and what it was about.

const { getSystemErrorMap, getSystemErrorName } = require('node:util');

/**
 * @param {number} errno above zero
 * @param {string} syscall
 * @param {string} [about] a path, an address or a name; `details.hint` is added to the message
 * @param {{ hint?: string, [property: string]: unknown }} [details] own properties of the error
 */
function systemError(errno, syscall, about, { hint, ...properties } = {}) {
  const code = getSystemErrorName(-errno);
  const reason = getSystemErrorMap().get(-errno)?.[1] ?? 'unknown error';
  const where = about === undefined ? '' : ` '${about}'`;
  const error = new Error(`${code}: ${reason}, ${syscall}${where}${hint === undefined ? '' : `; ${hint}`}`);
  return Object.assign(error, { errno: -errno, code, syscall }, properties);
}

/** A failure of the addon that is one of the system, told with what it was about; any other as it is. */
function about(error, subject, details) {
  return error?.errno < 0 && typeof error.syscall === 'string'
    ? systemError(-error.errno, error.syscall, subject, details)
    : error;
}

module.exports = { systemError, about };
