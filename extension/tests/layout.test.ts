import { expect, test } from 'vitest';

import { layoutOf } from '../src/core/layout.js';

const WIDTHS = [600, 700, 850, 1000, 1200, 1600, 2560, 3840];

test.each(WIDTHS)('at %d pixels nothing is cut off or overlaps', width => {
  for (const bits of [8, 20, 30]) {
    const { columns, bitsLeft, bitsWidth } = layoutOf(width, bits);
    const spans = [...columns.map(({ left, width: wide }) => [left, left + wide] as const), [bitsLeft, bitsLeft + bitsWidth] as const];
    spans.sort((a, b) => a[0] - b[0]);
    spans.forEach(([from], i) => {
      expect(from).toBeGreaterThanOrEqual(spans[i - 1]?.[1] ?? 0);
    });
    expect(spans.at(-1)?.[1]).toBeLessThanOrEqual(width);
    expect(bitsWidth / bits).toBeGreaterThanOrEqual(8);
  }
});

test('a wider view never has fewer columns', () => {
  const counts = WIDTHS.map(width => layoutOf(width, 24).columns.length);
  expect(counts).toEqual([...counts].sort((a, b) => a - b));
  expect(counts.at(0)).toBe(4);
  expect(counts.at(-1)).toBe(12);
});

test('the narrowest view keeps name, type and both losses', () => {
  expect(layoutOf(600, 40).columns.map(({ key }) => key)).toEqual(['name', 'type', 'underflow', 'overflow']);
});

test('with more bits than fit, the bits keep their least width', () => {
  expect(layoutOf(600, 64).bitsWidth).toBe(64 * 6);
});

test('types of many channels have room for how many there are, and nothing else gives way but the bits', () => {
  const [without, beside] = [layoutOf(1600, 24), layoutOf(1600, 24, true)];
  const wide = (layout: typeof without, key: string): number => layout.columns.find(one => one.key === key)?.width ?? 0;
  expect(wide(beside, 'type')).toBe(wide(without, 'type') + 28);
  expect(beside.columns.filter(({ key }) => key !== 'type').map(({ width }) => width))
    .toEqual(without.columns.filter(({ key }) => key !== 'type').map(({ width }) => width));
  expect(beside.bitsWidth).toBe(without.bitsWidth - 28);
});

test('a page of 600 pixels leaves the view 480, which hold what a small network needs', () => {
  const { columns, bitsLeft, bitsWidth } = layoutOf(480, 24);
  const ends = [bitsLeft + bitsWidth, ...columns.map(({ left, width }) => left + width)];
  expect(Math.max(...ends)).toBeLessThanOrEqual(480);
});
