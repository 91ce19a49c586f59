'use strict';

const test = require('ava');
const { Random } = require('../../stress/random');

const draw = (random) => Array.from({ length: 20 }, () => random.next());

test('the same place draws the same numbers, another place others', (t) => {
  t.deepEqual(draw(new Random('seed', 1, 2)), draw(new Random('seed', 1, 2)));
  const others = [
    ['seed', 12],
    ['seed', 2, 1],
    ['seeds', 1, 2],
    ['seed', 1, 2, 0],
  ];
  for (const place of others) t.notDeepEqual(draw(new Random('seed', 1, 2)), draw(new Random(...place)));
});

test('all values of a range come, and no others', (t) => {
  const random = new Random('range');
  const drawn = new Set(Array.from({ length: 500 }, () => random.between(3, 7)));
  t.deepEqual([...drawn].sort(), [3, 4, 5, 6, 7]);
  t.is(random.below(1), 0);
});

test('weights and probabilities hold, roughly', (t) => {
  const random = new Random('weights');
  const counts = { often: 0, seldom: 0, never: 0 };
  for (let turn = 0; turn < 4000; turn += 1) {
    const which = random.weighted([
      [3, 'often'],
      [0, 'never'],
      [1, 'seldom'],
    ]);
    counts[which] += 1;
  }
  t.is(counts.never, 0);
  t.true(counts.often > 2800 && counts.often < 3200, JSON.stringify(counts));
  const hits = Array.from({ length: 4000 }, () => random.chance(0.1)).filter(Boolean).length;
  t.true(hits > 300 && hits < 500, `${hits}`);
});

test('shuffled gives the same elements in all orders', (t) => {
  const random = new Random('order');
  const list = [1, 2, 3];
  const orders = new Set(Array.from({ length: 200 }, () => random.shuffled(list).join()));
  t.is(orders.size, 6);
  t.deepEqual(list, [1, 2, 3]);
});
