import { readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { isDeterministic, type Overflow } from '../src/core/borders.js';
import { SpectrumTable, type Tally } from '../src/core/spectrum_table.js';
import { pack } from './pack.js';

type Type = [signed: number, W: number, F: number, rounding: string, overflow: Overflow];
type Case = [...Type, under: number, over: number];
interface Vector {
  name: string;
  cells: [sign: number, msb: number, run: number, tail: number, count: number][];
  tally: Tally;
  cases: Case[];
  octaves: [...Type, [msb: number, underflow: number, kept: number, overflow: number][]][];
}

const vectors = JSON.parse(readFileSync('tests/vectors/counts.json', 'utf8')) as Vector[];

test.each(vectors)('counts of "$name" are those of exact arithmetic', ({ cells, tally, cases }) => {
  const table = SpectrumTable.unpack(pack(cells));
  const wrong = cases.filter(([signed, wordLength, fractionLength, rounding, overflow, under, over]) => {
    if (!isDeterministic(rounding)) {
      return true;
    }
    const counts = table.counts({ signed: signed === 1, wordLength, fractionLength }, tally, rounding, overflow);
    return counts.underflow !== under || counts.overflow !== over || counts.total !== tally.total;
  });
  expect(wrong).toEqual([]);
  expect(cases.length).toBeGreaterThan(5);
});

test.each(vectors)('what becomes of every octave of "$name" is what exact arithmetic says', ({ cells, octaves }) => {
  const table = SpectrumTable.unpack(pack(cells));
  for (const [signed, wordLength, fractionLength, rounding, overflow, expected] of octaves) {
    const type = { signed: signed === 1, wordLength, fractionLength };
    if (!isDeterministic(rounding)) {
      throw new Error(rounding);
    }
    const found = expected.map(([msb]) => ({ msb, ...table.fates(msb, msb, type, rounding, overflow) }));
    expect(found).toEqual(expected.map(([msb, underflow, kept, over]) => ({ msb, underflow, kept, overflow: over })));
    const all = table.fates(-Infinity, Infinity, type, rounding, overflow);
    expect(all.kept).toBe(expected.reduce((sum, octave) => sum + octave[2], 0));
  }
  expect(octaves.length).toBeGreaterThan(0);
});

test('counts beyond 2^32 are among the vectors', () => {
  for (const column of [5, 6] as const) {
    expect(Math.max(...vectors.flatMap(v => v.cases.map(c => c[column])))).toBeGreaterThan(2 ** 32);
  }
});

test('the MSB counts of a bit keep the signs apart', () => {
  const table = SpectrumTable.unpack(
    pack([
      [1, -3, -33, 1, 5],
      [1, -3, 2, 0, 7],
      [-1, -3, -32, 0, 2],
      [1, -2, -33, 1, 100]
    ])
  );
  expect(table.bit(-3)).toEqual({ positive: 12, negative: 2 });
  expect(table.bit(-4)).toEqual({ positive: 0, negative: 0 });
});

test('a table survives at any byte offset of a message', () => {
  const packed = pack([[1, 0, 1, 1, 3]]);
  const message = new Uint8Array(packed.byteLength + 5);
  message.set(new Uint8Array(packed.buffer), 5);
  expect(SpectrumTable.unpack(new DataView(message.buffer, 5)).bit(0)).toEqual({ positive: 3, negative: 0 });
});

test.each([undefined, new DataView(new ArrayBuffer(0)), new DataView(new ArrayBuffer(7))])('no table counts nothing', data => {
  const tally = { total: 4, zero: 4, nan: 0, inf: 0 };
  const type = { signed: true, wordLength: 8, fractionLength: 3 };
  expect(SpectrumTable.unpack(data).counts(type, tally, 'round', 'saturate')).toEqual({ ...tally, underflow: 0, overflow: 0 });
});
