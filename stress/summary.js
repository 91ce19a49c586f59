'use strict';
// What a run has done, as a table.

const { PHASE, PHASE_NAMES } = require('./board');
const { workloads } = require('./workloads');

/** Where the killed flows were. */
class Deaths {
  /** By primitive (-1: between two operations) and phase. */
  #counts = new Map();

  add(primitive, phase) {
    const key = `${primitive}:${phase}`;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  at(primitive, phase) {
    return this.#counts.get(`${primitive}:${phase}`) ?? 0;
  }
}

/** @returns {Array<{ name: string, operations: number, worst: number }>} */
function figures(board, selected) {
  return selected.map((number) => {
    const column = (table) => board.records.map((_, record) => table.call(board, record)[number]);
    return {
      number,
      name: workloads[number].name,
      operations: column(board.counts).reduce((sum, count) => sum + count, 0),
      worst: Math.max(...column(board.worst)),
    };
  });
}

/** @returns {string} */
function table(rows, deaths, notes) {
  const phases = [PHASE.ASKS, PHASE.HOLDS, PHASE.GIVES];
  const head = [
    'primitive',
    'operations',
    ...phases.map((phase) => `killed: ${PHASE_NAMES[phase]}`),
    'longest wait after a kill',
    '',
  ];
  const lines = rows.map(({ number, name, operations, worst }) => [
    name,
    operations.toLocaleString('en'),
    ...phases.map((phase) => String(deaths.at(number, phase))),
    `${worst} ms`,
    notes.get(number) ?? '',
  ]);
  const widths = head.map((_, column) => Math.max(...[head, ...lines].map((line) => line[column].length)));
  const format = (line) =>
    line
      .map((cell, column) =>
        column === 0 || column === line.length - 1 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]),
      )
      .join('  ')
      .trimEnd();
  return [head, ...lines].map(format).join('\n');
}

module.exports = { Deaths, figures, table };
