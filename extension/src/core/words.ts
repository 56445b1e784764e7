import { type FixedPoint, lsbExponent, msbExponent, typeName } from './fixed_point.js';
import type { BitCounts, Counts } from './spectrum_table.js';

const GROUPED = new Intl.NumberFormat('en-US');
const SUPERSCRIPTS: Readonly<Record<string, string>> = {
  '-': '⁻', '0': '⁰', '1': '¹', '2': '²', '3': '³', '4': '⁴', '5': '⁵', '6': '⁶', '7': '⁷', '8': '⁸', '9': '⁹'
};

/** 2 to a power, in superscript digits. */
export function powerOfTwo(exponent: number): string {
  return `2${String(exponent).replace(/./g, digit => SUPERSCRIPTS[digit] ?? digit)}`;
}

export function grouped(count: number): string {
  return GROUPED.format(count);
}

/** A count that fits a narrow column: exact below 100,000, then with a unit and three digits, rounded down. */
export function compact(count: number): string {
  if (count < 100_000) {
    return grouped(count);
  }
  const power = Math.min(Math.floor(Math.log10(count) / 3), 5);
  const scaled = count / 10 ** (3 * power);
  const digits = scaled >= 100 ? 0 : scaled >= 10 ? 1 : 2;
  return `${(Math.floor(scaled * 10 ** digits) / 10 ** digits).toFixed(digits)}${['', 'k', 'M', 'G', 'T', 'P'][power] ?? ''}`;
}

/** A share in percent that says 0 and 100 only when it is so. */
export function percent(part: number, whole: number): string {
  if (part === 0 || whole === 0) {
    return '0 %';
  }
  if (part === whole) {
    return '100 %';
  }
  const value = (100 * part) / whole;
  if (value < 0.01) {
    return '<0.01 %';
  }
  return value > 99.9 ? '>99.9 %' : `${value.toFixed(value < 1 ? 2 : 1)} %`;
}

/** The finite and infinite values that are not zero: what shares of underflow and overflow are of. */
export function nonzero(counts: Counts): number {
  return counts.total - counts.zero - counts.nan;
}

/** What a screen reader says of a row. */
export function spoken(name: string, type: FixedPoint, counts: Counts | null, locked: boolean): string {
  const bits = `2^${msbExponent(type)} to 2^${lsbExponent(type)}`;
  const lost =
    counts === null ? 'counts depend on the run' : `${grouped(counts.underflow)} underflows, ${grouped(counts.overflow)} overflows`;
  return `${name}: ${bits}, ${typeName(type)}, ${lost}${locked ? ', locked' : ''}`;
}

/** The tooltip of a cell: its MSBs, and their share of all values that are neither zero nor non-finite. */
export function cellText(exponent: number, bit: BitCounts, whole: number, end: 'high' | 'low' | null = null): string {
  const all = bit.positive + bit.negative;
  const signs = all > 0 ? ` (+ ${grouped(bit.positive)}, − ${grouped(bit.negative)})` : '';
  const beyond = end === null ? '' : end === 'high' ? ' and above' : ' and below';
  return `bit ${powerOfTwo(exponent)}${beyond}: ${grouped(all)} MSBs, ${percent(all, whole)}${signs}`;
}

/** A real number in four digits; a dash for null. */
export function real(value: number | null): string {
  return value === null ? '–' : String(Number(value.toPrecision(4))).replace('-', '−');
}
