'use strict';
// The table of docs/values.md is what the values do, on every version of Node.js.

const fs = require('node:fs');
const test = require('ava').default ?? require('ava');
const { PAGE, compared, outcome, prepare, rows, told, withTable } = require('../../scripts/values_table');

test.before(prepare);

test('the_table_of_the_page_says_what_the_values_do', (t) => {
  const page = fs.readFileSync(PAGE, 'utf8');
  t.is(withTable(page), page, 'docs/values.md is not up to date: node scripts/values_table.js');
  for (const row of rows) t.true(page.includes(`\n| ${row.name} | `), row.name);
});

test('a_wrong_cell_does_not_stay', (t) => {
  const page = fs.readFileSync(PAGE, 'utf8');
  const wrong = page.replace('| function | refused |', '| function | arrives |');
  t.not(wrong, page);
  t.is(withTable(wrong), page);
});

test('a_row_has_one_name_and_something_to_keep', (t) => {
  t.is(new Set(rows.map((row) => row.name)).size, rows.length);
  for (const row of rows) t.true(Object.keys(row.keeps).length > 0, row.name);
});

test('what_arrived_is_told_by_what_was_kept', (t) => {
  const row = {
    make: () => ({ a: 1, b: 2 }),
    keeps: { a: (found) => found.a === 1, b: (found) => found.b.toFixed() === '2' },
  };
  const whole = outcome((value) => value, row);
  const half = outcome(() => ({ a: 1 }), row);
  const none = outcome(() => ({}), row);
  const refused = outcome(() => {
    throw new Error('no');
  }, row);
  t.deepEqual([whole, half, none, refused].map(told), [
    'arrives',
    'arrives; lost: b',
    'lost without a word',
    'refused',
  ]);
  t.is(compared(whole, whole), 'same');
  t.is(compared(half, half), 'same');
  t.is(compared(whole, half), 'multiproc keeps b');
  t.is(compared(half, whole), 'structuredClone keeps b');
  t.is(compared(whole, none), 'carried by multiproc');
  t.is(compared(whole, refused), 'carried by multiproc');
  t.is(compared(refused, whole), 'refused by multiproc');
  t.is(compared(refused, none), 'refused');
  t.is(compared(refused, refused), 'refused');
});
