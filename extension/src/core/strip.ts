import type { FixedPoint } from './fixed_point.js';
import type { Strip, StripCell } from './wire.js';
import { grouped } from './words.js';

/** The type that a cell of a strip stands for. */
export function typeOfCell(strip: Strip, cell: StripCell): FixedPoint {
  return { signed: strip.signed, wordLength: strip.word_length, fractionLength: cell.fraction_length };
}

/** The cell of a type, or null when the strip holds none: it knows one width and one signedness. */
export function cellOf(strip: Strip, type: FixedPoint): StripCell | null {
  if (strip.signed !== type.signed || strip.word_length !== type.wordLength) {
    return null;
  }
  return strip.cells.find(cell => cell.fraction_length === type.fractionLength) ?? null;
}

/** Whether a figure is over all samples, and so no estimate. */
export function isExact(strip: Strip, cell: StripCell): boolean {
  return cell.value !== null && cell.n === strip.total;
}

/**
 * How good a value is: 1 is as good as the float network, 0 is nothing left of it. The root spreads what lies just below
 * the float network, where a choice is made. Without a float metric the best cell stands for it.
 */
export function qualityOf(strip: Strip, value: number | null): number | null {
  if (value === null || !Number.isFinite(value)) {
    return null;
  }
  const reference = referenceOf(strip);
  const loss = strip.higher_is_better ? 1 - ratio(value, reference) : 1 - ratio(reference, value);
  return 1 - Math.sqrt(Math.max(0, Math.min(1, loss)));
}

function referenceOf(strip: Strip): number {
  const values = strip.cells.flatMap(cell => (cell.value === null ? [] : [cell.value]));
  const float = strip.float_metric;
  if (strip.higher_is_better) {
    return float ?? Math.max(...values);
  }
  // an error of 0 leaves nothing to compare with, so the least error that the strip holds stands for it
  return float !== null && float > 0 ? float : Math.min(...values.filter(value => value > 0));
}

function ratio(part: number, whole: number): number {
  return whole > 0 && Number.isFinite(whole) ? Math.min(part / whole, 1) : Number(part >= whole);
}

/** "accuracy 97.40 % exact", or "accuracy ≈ 97.1 % ± 0.9 (512 of 5,000)". */
export function accuracyText(strip: Strip, cell: StripCell): string {
  const { value } = cell;
  const name = strip.metric_name;
  if (value === null) {
    return `${name}: not evaluated yet`;
  }
  if (isExact(strip, cell)) {
    return `${name} ${metricText(name, value)} exact`;
  }
  const of = `${grouped(cell.n)} of ${grouped(strip.total)}`;
  return `${name} ≈ ${estimate(name, value, cell.interval)} (${of}${cell.dropped ? ', given up early' : ''})`;
}

function estimate(name: string, value: number, interval: StripCell['interval']): string {
  if (interval === null) {
    return metricText(name, value);
  }
  const half = (interval[1] - interval[0]) / 2;
  if (!isShare(name)) {
    return `${metricText(name, value)} ± ${half.toPrecision(2)}`;
  }
  const digits = 100 * half < 0.1 ? 2 : 1;
  return `${(100 * value).toFixed(digits)} % ± ${(100 * half).toFixed(digits)}`;
}

/** A metric's value as the kernel's `wording.metric` writes it: shares of samples in percent with two digits. */
export function metricText(name: string, value: number): string {
  return isShare(name) ? `${(100 * value).toFixed(2)} %` : String(Number(value.toPrecision(4)));
}

function isShare(name: string): boolean {
  return name === 'accuracy' || name === 'agreement' || name.startsWith('top');
}
