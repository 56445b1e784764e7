import { expect, test } from 'vitest';

import { typeName } from '../src/core/fixed_point.js';
import { cellText, compact, percent, powerOfTwo, real, spoken } from '../src/core/words.js';

const type = { signed: true, wordLength: 8, fractionLength: 6 };
const counts = { total: 100, zero: 0, underflow: 12, overflow: 0, nan: 0, inf: 0 };

test.each([
  [0, 5, '0 %'],
  [5, 5, '100 %'],
  [1, 1_000_000, '<0.01 %'],
  [999_999, 1_000_000, '>99.9 %'],
  [1, 200, '0.50 %'],
  [21, 500, '4.2 %'],
  [0, 0, '0 %']
])('%d of %d is %s', (part, whole, text) => {
  expect(percent(part, whole)).toBe(text);
});

test.each([
  [99_999, '99,999'],
  [100_000, '100k'],
  [1_239_999, '1.23M'],
  [999_999_999, '999M'],
  [2 ** 40, '1.09T']
])('%d fits a column as %s', (count, text) => {
  expect(compact(count)).toBe(text);
});

test.each([
  [3, 'sfix8_En3'],
  [0, 'sfix8'],
  [-2, 'sfix8_E2']
])('a type with F = %d is named %s', (fractionLength, name) => {
  expect(typeName({ ...type, fractionLength })).toBe(name);
});

test('a screen reader hears the window and its losses', () => {
  expect(spoken('conv1/kernel', type, counts, false)).toBe(
    'conv1/kernel: 2^0 to 2^-6, sfix8_En6, 12 underflows, 0 overflows'
  );
  expect(spoken('fc', type, null, true)).toBe('fc: 2^0 to 2^-6, sfix8_En6, counts depend on the run, locked');
});

test('a cell tells its MSBs', () => {
  expect(cellText(-3, { positive: 1000, negative: 203 }, 28_643)).toBe('bit 2⁻³: 1,203 MSBs, 4.2 % (+ 1,000, − 203)');
  expect(cellText(-9, { positive: 3, negative: 0 }, 4, 'low')).toBe('bit 2⁻⁹ and below: 3 MSBs, 75.0 % (+ 3, − 0)');
  expect(powerOfTwo(-12)).toBe('2⁻¹²');
});

test.each([
  [-0.123456789, '−0.1235'],
  [1e-7, '1e−7'],
  [3, '3'],
  [null, '–']
])('the real number %d is written %s', (value, text) => {
  expect(real(value)).toBe(text);
});
