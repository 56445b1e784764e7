import { type FixedPoint, lsbExponent, magnitudeBits, MAX_EXPONENT, MIN_EXPONENT, msbExponent } from './fixed_point.js';

/** What of a window is held: its body moves it, an edge moves alone. */
export type Part = 'body' | 'high' | 'low';

/** The word lengths that an edge can be pulled to; a type that is wider already may keep its width. */
export const MIN_WIDTH = 2;
export const MAX_WIDTH = 16;

/** The bits that the map shows; a window keeps at least one of its bits among them. */
export interface Columns {
  readonly high: number;
  readonly low: number;
}

/**
 * Moves a part of a window by whole bits, towards the high bits when `bits` > 0; what does not fit is left out, so that
 * the result is always a type that exists.
 */
export function moved(type: FixedPoint, part: Part, bits: number, columns: Columns): FixedPoint {
  switch (part) {
    case 'body':
      return { ...type, fractionLength: type.fractionLength - clampedShift(type, bits, columns) };
    case 'high':
      return { ...type, wordLength: type.wordLength + clampedGrowth(type, bits, MAX_EXPONENT - msbExponent(type)) };
    case 'low': {
      const growth = clampedGrowth(type, -bits, lsbExponent(type) - MIN_EXPONENT);
      return { ...type, wordLength: type.wordLength + growth, fractionLength: type.fractionLength + growth };
    }
  }
}

function clampedShift(type: FixedPoint, bits: number, columns: Columns): number {
  const [top, last] = [msbExponent(type), lsbExponent(type)];
  const least = Math.max(MIN_EXPONENT - last, Math.min(columns.low - top, 0));
  const most = Math.min(MAX_EXPONENT - top, Math.max(columns.high - last, 0));
  return clamp(bits, least, most);
}

function clampedGrowth(type: FixedPoint, bits: number, room: number): number {
  const least = Math.min(MIN_WIDTH - type.wordLength, 0);
  const most = Math.max(MAX_WIDTH - type.wordLength, 0);
  return clamp(bits, Math.max(least, 1 - magnitudeBits(type)), Math.min(most, room));
}

function clamp(value: number, least: number, most: number): number {
  // 0 - x and Math.round leave -0 behind, which is no length
  return Math.max(least, Math.min(most, value)) + 0;
}
