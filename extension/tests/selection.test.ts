import { expect, test } from 'vitest';

import { chosen, membersOf, stepped } from '../src/core/selection.js';
import { row } from './row.js';

test.each([
  ['alone', [1, 2], 5, { extend: false, toggle: false }, [5]],
  ['with all rows between', [2], 5, { extend: true, toggle: false }, [2, 3, 4, 5]],
  ['one more', [2], 5, { extend: false, toggle: true }, [2, 5]],
  ['one less', [2, 5], 5, { extend: false, toggle: true }, [2]]
])('a click selects a row %s', (_, selected, row, how, expected) => {
  expect(chosen(selected, 2, row, [0, 1, 2, 3, 4, 5], how)).toEqual(expected);
});

test('a range needs a row to begin at', () => {
  expect(chosen([], -1, 3, [0, 1, 2, 3], { extend: true, toggle: false })).toEqual([3]);
});

test('a step selects the next row, or adds it', () => {
  expect(stepped([1], 2, false)).toEqual([2]);
  expect(stepped([1], 2, true)).toEqual([1, 2]);
});

test('a range runs over the rows between as they are shown', () => {
  expect(chosen([4], 4, 1, [3, 4, 0, 1], { extend: true, toggle: false })).toEqual([0, 1, 4]);
});

test.each([
  ['all', [0, 2, 3]],
  ['weights', [0, 3]],
  ['activations', [2]],
  ['none', []]
] as const)('%s among the shown rows', (group, expected) => {
  const rows = [row('a', 'weight'), row('b', 'weight'), row('c', 'activation'), row('d', 'weight')];
  expect(membersOf(group, rows, [3, 2, 0])).toEqual(expected);
});
