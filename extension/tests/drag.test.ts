import { describe, expect, test } from 'vitest';

import { Drag, type DragRow, movingRows } from '../src/core/drag.js';
import type { FixedPoint } from '../src/core/fixed_point.js';
import { moved } from '../src/core/moves.js';

const columns = { high: 7, low: -16 };
const sfix = (wordLength: number, fractionLength: number): FixedPoint => ({ signed: true, wordLength, fractionLength });
const row = (type: FixedPoint, more: Partial<DragRow> = {}): DragRow => ({ type, locked: false, isFloat: false, ...more });

describe('a move by whole bits', () => {
  test('of the body changes F alone', () => {
    expect(moved(sfix(8, 3), 'body', 2, columns)).toEqual(sfix(8, 1));
    expect(moved(sfix(8, 3), 'body', -2, columns)).toEqual(sfix(8, 5));
  });

  test('of the high edge changes W alone', () => {
    expect(moved(sfix(8, 3), 'high', 2, columns)).toEqual(sfix(10, 3));
  });

  test('of the low edge changes W and F, and leaves the top bit', () => {
    expect(moved(sfix(8, 3), 'low', -2, columns)).toEqual(sfix(10, 5));
    expect(moved(sfix(8, 3), 'low', 2, columns)).toEqual(sfix(6, 1));
  });

  test.each(['high', 'low'] as const)('of the %s edge keeps W between 2 and 16', part => {
    const widths = [-99, 99].map(bits => moved(sfix(8, 3), part, bits, columns).wordLength).sort((a, b) => a - b);
    expect(widths).toEqual([2, 16]);
  });

  test('never narrows a wide type by pulling it wider', () => {
    expect(moved(sfix(32, 20), 'high', 3, columns)).toEqual(sfix(32, 20));
    expect(moved(sfix(32, 20), 'high', -1, columns)).toEqual(sfix(31, 20));
  });

  test('of the body keeps one bit in the map', () => {
    expect(moved(sfix(8, 3), 'body', 99, columns).fractionLength).toBe(-7);
    expect(moved(sfix(8, 3), 'body', -99, columns).fractionLength).toBe(22);
  });

  test('stays within the exponents that exist', () => {
    const all = { high: 127, low: -200 };
    expect(moved(sfix(8, 120), 'body', -99, all).fractionLength).toBe(126);
    expect(moved(sfix(8, -115), 'body', 99, all).fractionLength).toBe(-121);
    expect(moved(sfix(8, 125), 'low', -9, all)).toEqual(sfix(9, 126));
    expect(moved(sfix(8, -120), 'high', 9, all)).toEqual(sfix(9, -120));
  });

  test('leaves no negative zero', () => {
    expect(Object.is(moved(sfix(8, 3), 'body', 3, columns).fractionLength, 0)).toBe(true);
  });
});

describe('a drag', () => {
  test('snaps to whole bits and tells only of changes', () => {
    const drag = Drag.begin([row(sfix(8, 3))], [0], 0, 'body', 10.4, columns);
    expect(drag?.move(10.7)).toBeNull();
    expect(drag?.move(11.0)?.get(0)).toEqual(sfix(8, 4));
    expect(drag?.move(11.3)).toBeNull();
    expect(drag?.move(10.4)?.get(0)).toEqual(sfix(8, 3));
  });

  test('goes back to where it began when cancelled', () => {
    const drag = Drag.begin([row(sfix(8, 3))], [0], 0, 'low', 0, columns);
    drag?.move(5);
    expect(drag?.cancel().get(0)).toEqual(sfix(8, 3));
  });

  test('moves the selection together, without locked and float rows', () => {
    const rows = [row(sfix(8, 3)), row(sfix(8, 4), { locked: true }), row(sfix(6, 0)), row(sfix(8, 0), { isFloat: true })];
    const formats = Drag.begin(rows, movingRows(rows, [0, 1, 2, 3], 2), 2, 'body', 0, columns)?.move(1);
    expect([...(formats ?? [])]).toEqual([[0, sfix(8, 4)], [2, sfix(6, 1)]]);
  });

  test('of a row outside the selection moves it alone', () => {
    expect(movingRows([row(sfix(8, 3)), row(sfix(8, 3))], [1], 0)).toEqual([0]);
  });

  test('leaves rows alone that the filter hides', () => {
    expect(movingRows([row(sfix(8, 3)), row(sfix(8, 3)), row(sfix(8, 3))], [0, 1, 2], 0, index => index !== 1)).toEqual([0, 2]);
  });

  test.each([{ locked: true }, { isFloat: true }])('does not begin on a row that is %o', more => {
    expect(Drag.begin([row(sfix(8, 3), more)], [0], 0, 'body', 0, columns)).toBeNull();
  });

  test('returns from a limit with the pointer', () => {
    const drag = Drag.begin([row(sfix(8, 3)), row(sfix(8, 20))], [0, 1], 0, 'body', 0, columns);
    drag?.move(90);
    expect([...(drag?.move(1) ?? [])].map(([, type]) => type.fractionLength)).toEqual([4, 21]);
  });
});
