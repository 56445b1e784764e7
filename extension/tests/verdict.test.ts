import { describe, expect, test } from 'vitest';

import { SpectrumTable } from '../src/core/spectrum_table.js';
import { placeOf, surpriseOf, verdictText } from '../src/core/verdict.js';
import { pack } from './pack.js';

const sfix8En3 = { signed: true, wordLength: 8, fractionLength: 3 };

test('a bit lies above, in or below the window', () => {
  expect([4, 3, -3, -4].map(exponent => placeOf(exponent, sfix8En3))).toEqual(['above', 'inside', 'inside', 'below']);
});

describe('the three-way verdict', () => {
  // 5 values 0.0625 (half an LSB), 7 of 15.96875 (nine ones: rounds to 128), 2 of -16, 4 of 0.03125, 3 of 1
  const table = SpectrumTable.unpack(pack([[1, -4, -33, 1, 5], [1, 3, 8, 1, 7], [-1, 4, -33, 1, 2], [1, -5, -33, 1, 4], [1, 0, -33, 1, 3]]));
  const fates = (exponent: number) => table.fates(exponent, exponent, sfix8En3, 'round', 'saturate');
  const words = (exponent: number): string => verdictText(placeOf(exponent, sfix8En3), fates(exponent), sfix8En3);
  const surprise = (exponent: number) => surpriseOf(placeOf(exponent, sfix8En3), fates(exponent));

  test('gray, but not zeroed: half an LSB rounds up to one', () => {
    expect(words(-4)).toBe('below the window: 5 round up to one LSB, 2⁻³');
    expect(surprise(-4)).toEqual({ kept: 5, lost: 0 });
  });

  test('in the window, but out of range once rounded', () => {
    expect(words(3)).toBe('in the window: 7 overflow');
    expect(surprise(3)).toEqual({ kept: 0, lost: 7 });
  });

  test('above the window, but it just fits', () => {
    expect(words(4)).toBe('above the window: 2 fit, at −2⁴');
    expect(surprise(4)).toEqual({ kept: 2, lost: 0 });
  });

  test('what the picture says already is no surprise', () => {
    expect([words(-5), words(0), words(9)]).toEqual(['below the window: 4 become 0', 'in the window: 3 stay', '']);
    expect([surprise(-5), surprise(0)]).toEqual([{ kept: 0, lost: 0 }, { kept: 0, lost: 0 }]);
  });
});

test('negative values overflow an unsigned type wherever they lie, unless they are zeroed', () => {
  const table = SpectrumTable.unpack(pack([[-1, -4, -33, 1, 5], [-1, 0, -33, 1, 6], [1, 0, -33, 1, 1]]));
  const type = { signed: false, wordLength: 8, fractionLength: 3 };
  expect(surpriseOf('below', table.fates(-4, -4, type, 'round', 'saturate'))).toEqual({ kept: 0, lost: 5 });
  expect(surpriseOf('inside', table.fates(0, 0, type, 'round', 'saturate'))).toEqual({ kept: 0, lost: 6 });
  expect(verdictText('inside', table.fates(0, 0, type, 'round', 'saturate'), type)).toBe(
    'in the window: 1 stay, 6 overflow'
  );
});
