import { type Borders, borders, type Overflow, power, type Rounding } from './borders.js';
import type { FixedPoint } from './fixed_point.js';

/** The exact counts of one tensor under one type; float64 holds them exactly up to 2^53 - 1. */
export interface Counts {
  readonly total: number;
  readonly zero: number;
  readonly underflow: number;
  readonly overflow: number;
  readonly nan: number;
  readonly inf: number;
}

/** The counts of a row that no window changes. */
export type Tally = Pick<Counts, 'total' | 'zero' | 'nan' | 'inf'>;

/** Numbers of values whose MSB has one exponent. */
export interface BitCounts {
  readonly positive: number;
  readonly negative: number;
}

/** What becomes of the values of some octaves under a type: zeroed, in range, or out of it. */
export interface Fates {
  readonly underflow: number;
  readonly kept: number;
  readonly overflow: number;
}

const BYTES_PER_CELL = 12;

/** The values of one sign: positions in ascending order, and before each the number of values below it. */
class Side {
  constructor(cells: readonly (readonly [position: number, count: number])[]) {
    const sorted = [...cells].sort((a, b) => a[0] - b[0]);
    this.positions = Int32Array.from(sorted, cell => cell[0]);
    this.before = new Float64Array(sorted.length + 1);
    sorted.forEach(([, count], i) => {
      this.before[i + 1] = (this.before[i] ?? 0) + count;
    });
  }

  get total(): number {
    return this.below(Infinity);
  }

  /** The number of values at positions less than this one. */
  below(position: number): number {
    let low = 0;
    let high = this.positions.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.positions[middle] ?? 0) < position) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return this.before[low] ?? 0;
  }

  /** The number of values at positions from `from` to before `to`. */
  between(from: number, to: number): number {
    return this.below(to) - this.below(from);
  }

  /** What becomes of them. */
  split(from: number, to: number, { kept, over }: Borders): Fates {
    const inside = (position: number): number => Math.max(from, Math.min(to, position));
    return {
      underflow: this.between(from, inside(kept)),
      kept: this.between(inside(kept), inside(over)),
      overflow: this.between(inside(over), to)
    };
  }

  private readonly positions: Int32Array;
  private readonly before: Float64Array;
}

/** A site's spectrum: it answers every type by two look-ups for each sign, with no second look at the values. */
export class SpectrumTable {
  private constructor(positive: Side, negative: Side) {
    this.positive = positive;
    this.negative = negative;
  }

  /** Reads the kernel's packed cells: n counts as float64, then n keys `2 * position + negative` as int32. */
  static unpack(data: DataView | undefined): SpectrumTable {
    const length = data?.byteLength ?? 0;
    if (data === undefined || length % BYTES_PER_CELL !== 0) {
      return new SpectrumTable(new Side([]), new Side([]));
    }
    const cells = length / BYTES_PER_CELL;
    const sides: [number, number][][] = [[], []];
    for (let i = 0; i < cells; i++) {
      const key = data.getInt32(8 * cells + 4 * i, true);
      sides[key & 1]?.push([key >> 1, data.getFloat64(8 * i, true)]);
    }
    return new SpectrumTable(new Side(sides[0] ?? []), new Side(sides[1] ?? []));
  }

  /** The exact counts under a type, for the eight deterministic rounding modes. */
  counts(type: FixedPoint, tally: Tally, rounding: Rounding, overflow: Overflow): Counts {
    const positive = borders(type, rounding, overflow, false);
    const negative = borders(type, rounding, overflow, true);
    return {
      total: tally.total,
      zero: tally.zero,
      underflow: this.positive.below(positive.kept) + this.negative.below(negative.kept),
      overflow:
        this.positive.total - this.positive.below(positive.over) + this.negative.total - this.negative.below(negative.over),
      nan: tally.nan,
      inf: tally.inf
    };
  }

  /** How many values have their MSB at 2^exponent, or from there up to another; infinite ends take in all beyond. */
  bit(exponent: number, last = exponent): BitCounts {
    const [from, to] = [power(exponent), power(last + 1)];
    return { positive: this.positive.between(from, to), negative: this.negative.between(from, to) };
  }

  /** What becomes of those values under a type. */
  fates(exponent: number, last: number, type: FixedPoint, rounding: Rounding, overflow: Overflow): Fates {
    const [from, to] = [power(exponent), power(last + 1)];
    const sides = [
      this.positive.split(from, to, borders(type, rounding, overflow, false)),
      this.negative.split(from, to, borders(type, rounding, overflow, true))
    ];
    return {
      underflow: sides.reduce((sum, side) => sum + side.underflow, 0),
      kept: sides.reduce((sum, side) => sum + side.kept, 0),
      overflow: sides.reduce((sum, side) => sum + side.overflow, 0)
    };
  }

  private readonly positive: Side;
  private readonly negative: Side;
}
