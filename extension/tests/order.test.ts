import { describe, expect, test } from 'vitest';

import { emptyText, nextSort, orderOf, type Wish } from '../src/core/order.js';
import { row } from './row.js';

const rows = [row('conv10/kernel'), row('conv2/kernel'), row('conv2', 'activation'), row('a.*b', 'bias'), row('Conv2/bias', 'bias')];
const wish: Wish = { search: '', kinds: [], sortBy: 'network', descending: false };
const byName = (index: number): string => rows[index]?.name ?? '';

describe('the shown rows', () => {
  test('are all, in the order of the network, when nothing is asked', () => {
    expect(orderOf(rows, wish, byName)).toEqual([0, 1, 2, 3, 4]);
    expect(orderOf(rows, { ...wish, descending: true }, byName)).toEqual([4, 3, 2, 1, 0]);
  });

  test.each([
    ['CONV2', [1, 2, 4]],
    ['.*', [3]],
    [' bias ', [4]],
    ['nothing', []]
  ])('hold the text %o, which is no pattern', (search, expected) => {
    expect(orderOf(rows, { ...wish, search }, byName)).toEqual(expected);
  });

  test('are of the wanted kinds', () => {
    expect(orderOf(rows, { ...wish, kinds: ['bias', 'activation'] }, byName)).toEqual([2, 3, 4]);
    expect(orderOf(rows, { ...wish, kinds: ['bias'], search: 'conv' }, byName)).toEqual([4]);
  });

  test('are sorted with numbers in names read as numbers', () => {
    expect(orderOf(rows, { ...wish, sortBy: 'name' }, byName)).toEqual([3, 2, 4, 1, 0]);
  });
});

test.each([
  [false, [3, 1, 4, 2, 0]],
  [true, [4, 1, 3, 2, 0]]
])('equal rows keep their order and rows without a value come last (descending %o)', (descending, expected) => {
  const values = [null, 2, null, 1, 2.5];
  const shown = orderOf(rows, { ...wish, sortBy: 'overflow', descending }, index => values[index] ?? null);
  expect(shown.slice(0, 3)).toEqual(expected.slice(0, 3));
  expect(shown.slice(3)).toEqual([0, 2]);
});

test('ties keep the order of the network in both directions', () => {
  for (const descending of [false, true]) {
    expect(orderOf(rows, { ...wish, sortBy: 'zeros', descending }, () => 1)).toEqual([0, 1, 2, 3, 4]);
  }
});

test('a title sorts, turns round and goes back to the network', () => {
  const first = nextSort(wish, 'overflow');
  expect(first).toEqual({ sortBy: 'overflow', descending: true });
  expect(nextSort(first, 'overflow')).toEqual({ sortBy: 'overflow', descending: false });
  expect(nextSort(nextSort(first, 'overflow'), 'overflow')).toEqual({ sortBy: 'network', descending: false });
  expect(nextSort(first, 'name')).toEqual({ sortBy: 'name', descending: false });
});

test('an empty map says why', () => {
  expect(emptyText(0, wish)).toBe('This network has no site.');
  expect(emptyText(7, { search: 'x ', kinds: ['bias'] })).toBe(
    'None of the 7 rows is one of kind bias with “x” in its name. Change the filter to see rows.'
  );
});
