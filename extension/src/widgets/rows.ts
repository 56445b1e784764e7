import { KINDS, type SortKey, type SortValue } from '../core/order.js';
import type { Row } from '../core/wire.js';
import { nonzero } from '../core/words.js';
import type { BitWindowModel } from './model.js';

/** The indices of the rows that differ; null when they are not the same sites in the same order. */
export function changedRows(before: readonly Row[], after: readonly Row[]): number[] | null {
  if (before.length !== after.length || before.some((row, i) => row.name !== after[i]?.name)) {
    return null;
  }
  return after.flatMap((row, i) => (differ(before[i], row) ? [i] : []));
}

/** The rows that came, with those that are as before as the very objects of before. */
export function kept(before: readonly Row[], after: readonly Row[]): Row[] {
  return after.map((row, i) => {
    const known = before[i];
    return known === undefined || differ(known, row) ? row : known;
  });
}

function differ(a: Row | undefined, b: Row): boolean {
  return a !== b && (Object.keys(b) as (keyof Row)[]).some(key => a?.[key] !== b[key]);
}

/** What a row is sorted by. */
export function sortValue(model: BitWindowModel, index: number, key: SortKey): SortValue {
  const row = model.rows[index];
  if (row === undefined) {
    return null;
  }
  switch (key) {
    case 'network':
      return index;
    case 'name':
    case 'minimum':
    case 'maximum':
    case 'rounded':
    case 'sqnr':
      return row[key];
    case 'kind':
      return KINDS.indexOf(row.kind);
    case 'zeros':
      return row.total > 0 ? row.zero / row.total : null;
    case 'type':
      return row.is_float ? null : typeRank(model, index);
    case 'underflow':
    case 'overflow':
      return lossShare(model, index, key);
  }
}

/** By width first, then by the fraction length, then unsigned before signed. */
function typeRank(model: BitWindowModel, index: number): number {
  const type = model.typeOf(index);
  return 1024 * type.wordLength + 2 * type.fractionLength + Number(type.signed);
}

function lossShare(model: BitWindowModel, index: number, key: 'underflow' | 'overflow'): number | null {
  const counts = model.counts(index);
  return counts === null ? null : counts[key] / Math.max(nonzero(counts), 1);
}
