import { type FixedPoint, lsbExponent, magnitudeBits, msbExponent } from './fixed_point.js';

/**
 * Where underflow ends and overflow begins, as positions of landmarks; the same as the kernel's `spectrum/borders.py`.
 *
 * Within an octave 2^e (1 + f) the landmarks f = 0, 2^-m and 1 - 2^-m (m = 1 ... 32) cut 128 ranks; an even rank is a
 * landmark, an odd one the interval above it. A position is 128 e + rank.
 *
 * On magnitudes a = |x| 2^F every deterministic mode is, for each sign, one of five rules; L is the largest |k| in range.
 *
 *     rule        k = 0 when        |k| > L when
 *     half away   a <  1/2          a >= L + 1/2
 *     half zero   a <= 1/2          a >  L + 1/2
 *     half even   a <= 1/2          a >= L + 1/2 for odd L, a > L + 1/2 for even L
 *     truncate    a <  1            a >= L + 1
 *     away        never             a >  L
 */
export const ROUNDINGS = ['round', 'nearest', 'convergent', 'half_zero', 'half_down', 'floor', 'ceiling', 'zero'] as const;
export type Rounding = (typeof ROUNDINGS)[number];
export type Overflow = 'saturate' | 'wrap' | 'saturate_symmetric' | 'saturate_zero';

type Rule = 'half away' | 'half zero' | 'half even' | 'truncate' | 'away';

const RULES: Readonly<Record<Rounding, readonly [positive: Rule, negative: Rule]>> = {
  round: ['half away', 'half away'],
  nearest: ['half away', 'half zero'],
  convergent: ['half even', 'half even'],
  half_zero: ['half zero', 'half zero'],
  half_down: ['half zero', 'half away'],
  floor: ['truncate', 'away'],
  ceiling: ['away', 'truncate'],
  zero: ['truncate', 'truncate']
};

const RANKS = 128;
const BELOW_ALL = -2048 * RANKS;

/** Whether the counts of a mode follow from a spectrum; those of stochastic rounding depend on a run's random bits. */
export function isDeterministic(rounding: string): rounding is Rounding {
  return (ROUNDINGS as readonly string[]).includes(rounding);
}

/** The position of 2^exponent. */
export function power(exponent: number): number {
  return RANKS * exponent;
}

/** The position of 2^exponent (1 + 2^-m), 1 <= m <= 32. */
function abovePower(exponent: number, m: number): number {
  return RANKS * exponent + 66 - 2 * m;
}

/** The position of 2^exponent (2 - 2^-m), 0 <= m <= 32. */
function belowNextPower(exponent: number, m: number): number {
  return RANKS * exponent + (m > 0 ? 64 + 2 * (m - 1) : 0);
}

/** A value of this sign underflows below position `kept` and overflows from position `over` on. */
export interface Borders {
  readonly kept: number;
  readonly over: number;
}

export function borders(type: FixedPoint, rounding: Rounding, overflow: Overflow, negative: boolean): Borders {
  const rule = RULES[rounding][negative ? 1 : 0];
  const kept = keptFrom(rule, lsbExponent(type));
  if (negative && !type.signed) {
    return { kept, over: kept };
  }
  const oneMore = negative && overflow !== 'saturate_symmetric';
  return { kept, over: oneMore ? overPower(rule, type) : overOnes(rule, type) };
}

function keptFrom(rule: Rule, lsb: number): number {
  switch (rule) {
    case 'half away':
      return power(lsb - 1);
    case 'half zero':
    case 'half even':
      return power(lsb - 1) + 1;
    case 'truncate':
      return power(lsb);
    case 'away':
      return BELOW_ALL;
  }
}

/** L = 2^M - 1, odd. */
function overOnes(rule: Rule, type: FixedPoint): number {
  const top = msbExponent(type);
  const bits = magnitudeBits(type);
  switch (rule) {
    case 'half away':
    case 'half even':
      return belowNextPower(top, bits);
    case 'half zero':
      return belowNextPower(top, bits) + 1;
    case 'truncate':
      return power(top + 1);
    case 'away':
      return belowNextPower(top, bits - 1) + 1;
  }
}

/** L = 2^M, even since a signed type has M >= 1. */
function overPower(rule: Rule, type: FixedPoint): number {
  const above = msbExponent(type) + 1;
  const bits = magnitudeBits(type);
  switch (rule) {
    case 'half away':
      return abovePower(above, bits + 1);
    case 'half zero':
    case 'half even':
      return abovePower(above, bits + 1) + 1;
    case 'truncate':
      return abovePower(above, bits);
    case 'away':
      return power(above) + 1;
  }
}
