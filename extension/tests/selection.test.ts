import { expect, test } from 'vitest';

import { chosen, stepped } from '../src/widgets/selection.js';

test.each([
  ['alone', [1, 2], 5, { extend: false, toggle: false }, [5]],
  ['with all rows between', [2], 5, { extend: true, toggle: false }, [2, 3, 4, 5]],
  ['one more', [2], 5, { extend: false, toggle: true }, [2, 5]],
  ['one less', [2, 5], 5, { extend: false, toggle: true }, [2]]
])('a click selects a row %s', (_, selected, row, how, expected) => {
  expect(chosen(selected, 2, row, how)).toEqual(expected);
});

test('a range needs a row to begin at', () => {
  expect(chosen([], -1, 3, { extend: true, toggle: false })).toEqual([3]);
});

test('a step selects the next row, or adds it', () => {
  expect(stepped([1], 2, false)).toEqual([2]);
  expect(stepped([1], 2, true)).toEqual([1, 2]);
});
