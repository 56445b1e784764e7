import { describe, expect, test } from 'vitest';

import { accuracyText, cellOf, isExact, metricText, qualityOf } from '../src/core/strip.js';
import type { Strip, StripCell } from '../src/core/wire.js';
import { cellAt, colourOf, windowText } from '../src/widgets/strip_drawing.js';

const cell = (fraction_length: number, value: number | null, more: Partial<StripCell> = {}): StripCell => ({
  fraction_length, value, interval: null, n: 5000, dropped: false, ...more
});
const strip = (cells: StripCell[], more: Partial<Strip> = {}): Strip => ({
  row: 0, signed: true, word_length: 8, metric_name: 'accuracy', higher_is_better: true, float_metric: 0.98, total: 5000, cells, ...more
});

test('a cell is that of one width and signedness alone', () => {
  const some = strip([cell(4, 0.9), cell(3, 0.8)]);
  expect(cellOf(some, { signed: true, wordLength: 8, fractionLength: 3 })?.value).toBe(0.8);
  expect(cellOf(some, { signed: true, wordLength: 8, fractionLength: 9 })).toBeNull();
  expect(cellOf(some, { signed: true, wordLength: 7, fractionLength: 3 })).toBeNull();
  expect(cellOf(some, { signed: false, wordLength: 8, fractionLength: 3 })).toBeNull();
});

test('a cell stands under the top bit of its window', () => {
  const some = strip([cell(3, 0.8)]);
  expect(cellAt(some, 3)?.fraction_length).toBe(3);
  expect(cellAt(some, 4)).toBeNull();
  expect(windowText(some, cell(3, 0.8))).toBe('window 2^3 to 2^-3');
  expect(cellAt(strip([cell(3, 0.8)], { signed: false }), 4)?.fraction_length).toBe(3);
});

describe('the figure in words', () => {
  test('is exact over all samples', () => {
    expect(accuracyText(strip([]), cell(0, 0.974))).toBe('accuracy 97.40 % exact');
    expect(isExact(strip([]), cell(0, 0.974))).toBe(true);
  });

  test('is an estimate with its interval before', () => {
    const estimate = cell(0, 0.971, { n: 512, interval: [0.962, 0.98] });
    expect(accuracyText(strip([]), estimate)).toBe('accuracy ≈ 97.1 % ± 0.9 (512 of 5,000)');
    expect(isExact(strip([]), estimate)).toBe(false);
  });

  test('never shows an interval of no width for an estimate', () => {
    expect(accuracyText(strip([]), cell(0, 0.971, { n: 4999, interval: [0.9706, 0.9714] }))).toBe(
      'accuracy ≈ 97.10 % ± 0.04 (4,999 of 5,000)'
    );
  });

  test('says what was given up and what has not begun', () => {
    expect(accuracyText(strip([]), cell(0, 0.1, { n: 256, dropped: true }))).toBe('accuracy ≈ 10.00 % (256 of 5,000, given up early)');
    expect(accuracyText(strip([]), cell(0, null, { n: 0 }))).toBe('accuracy: not evaluated yet');
  });

  test('writes other metrics as the kernel does', () => {
    expect(metricText('mse', 0.0123456)).toBe('0.01235');
    expect(metricText('top5', 0.5)).toBe('50.00 %');
    expect(accuracyText(strip([], { metric_name: 'mse' }), cell(0, 0.5, { n: 10, interval: [0.4, 0.6] }))).toBe('mse ≈ 0.5 ± 0.10 (10 of 5,000)');
  });
});

describe('the quality', () => {
  test('is 1 as good as float, falls with the loss and ends at 0', () => {
    const qualities = [0.99, 0.98, 0.97, 0.9, 0.5, 0].map(value => qualityOf(strip([]), value));
    expect(qualities.slice(0, 2)).toEqual([1, 1]);
    expect([...qualities].sort((a, b) => Number(b) - Number(a))).toEqual(qualities);
    expect(qualities.at(-1)).toBe(0);
    expect(Number(qualities[2])).toBeGreaterThan(0.85);
  });

  test('of an error rises as it falls', () => {
    const mse = strip([cell(0, 0.5), cell(1, 0.1)], { metric_name: 'mse', higher_is_better: false, float_metric: 0 });
    expect(qualityOf(mse, 0.1)).toBe(1);
    expect(Number(qualityOf(mse, 0.5))).toBeLessThan(0.3);
    expect(qualityOf(strip([], { higher_is_better: false, float_metric: 0.2 }), 0.2)).toBe(1);
  });

  test('without a float metric is relative to the best cell', () => {
    expect(qualityOf(strip([cell(0, 0.5)], { float_metric: null }), 0.5)).toBe(1);
    expect(qualityOf(strip([]), null)).toBeNull();
  });
});

test('the colours run from dark to bright', () => {
  expect([0, 0.5, 1].map(colourOf)).toEqual(['rgb(68,1,84)', 'rgb(33,145,140)', 'rgb(253,231,37)']);
});
