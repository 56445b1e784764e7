import { type FixedPoint, lsbExponent, msbExponent } from './fixed_point.js';
import type { Fates } from './spectrum_table.js';
import { grouped, powerOfTwo } from './words.js';

/** Where a bit lies in a type's window. */
export type Place = 'above' | 'inside' | 'below';

/**
 * What the picture alone does not say of a cell:
 * `kept`: gray, but not lost: values below the window that round up to one LSB, or a -2^M that just fits above it;
 * `lost`: in the window (or below it), yet outside the range once rounded.
 */
export interface Surprise {
  readonly kept: number;
  readonly lost: number;
}

export function placeOf(exponent: number, type: FixedPoint): Place {
  if (exponent > msbExponent(type)) {
    return 'above';
  }
  return exponent < lsbExponent(type) ? 'below' : 'inside';
}

/** How many values of a cell do not fare as its place in the picture suggests. */
export function surpriseOf(place: Place, fates: Fates): Surprise {
  switch (place) {
    case 'above':
      return { kept: fates.kept, lost: 0 };
    case 'below':
      return { kept: fates.kept, lost: fates.overflow };
    case 'inside':
      return { kept: 0, lost: fates.overflow + fates.underflow };
  }
}

/** The three-way verdict on a cell in words; every number is exact. */
export function verdictText(place: Place, fates: Fates, type: FixedPoint): string {
  const { underflow, kept, overflow } = fates;
  if (underflow + kept + overflow === 0) {
    return '';
  }
  const parts: string[] = [];
  if (underflow > 0) {
    parts.push(`${grouped(underflow)} become 0`);
  }
  if (kept > 0) {
    parts.push(`${grouped(kept)} ${keptWords(place, type)}`);
  }
  if (overflow > 0) {
    parts.push(`${grouped(overflow)} overflow`);
  }
  const where = { above: 'above the window', inside: 'in the window', below: 'below the window' }[place];
  return `${where}: ${parts.join(', ')}`;
}

function keptWords(place: Place, type: FixedPoint): string {
  switch (place) {
    case 'below':
      return `round up to one LSB, ${powerOfTwo(lsbExponent(type))}`;
    case 'above':
      return `fit, at −${powerOfTwo(msbExponent(type) + 1)}`;
    case 'inside':
      return 'stay';
  }
}
