import type { Row } from './wire.js';

export type Kind = Row['kind'];
export const KINDS: readonly Kind[] = ['input', 'weight', 'bias', 'activation'];

/** What rows can be sorted by; `network` is the order of the data flow, in which the kernel gives them. */
export const SORT_KEYS = [
  'network', 'name', 'kind', 'type', 'minimum', 'maximum', 'zeros', 'underflow', 'overflow', 'rounded', 'sqnr'
] as const;
export type SortKey = (typeof SORT_KEYS)[number];

/** Sorted by these, rows can fall out of order when a window moves. */
export const MOVING_KEYS: ReadonlySet<SortKey> = new Set(['type', 'underflow', 'overflow', 'rounded', 'sqnr']);

/** Which rows are shown, and in what order. */
export interface Wish {
  /** Shown are the rows whose name holds this text, in any case; every character stands for itself. */
  readonly search: string;
  /** Shown are the rows of these kinds; none named: of every kind. */
  readonly kinds: readonly string[];
  readonly sortBy: SortKey;
  readonly descending: boolean;
}

/** What a row is compared by: a text, a number, or null for what it does not have, which always comes last. */
export type SortValue = string | number | null;

const NAMES = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

/** The indices of the shown rows from top to bottom. Equal rows keep the order of the network, in both directions. */
export function orderOf(rows: readonly Row[], wish: Wish, value: (index: number) => SortValue): number[] {
  const shown = rows.map((_, index) => index).filter(index => isShown(rows[index], wish));
  if (wish.sortBy === 'network') {
    return wish.descending ? shown.reverse() : shown;
  }
  const values = new Map(shown.map(index => [index, value(index)]));
  return shown.sort((a, b) => compare(values.get(a) ?? null, values.get(b) ?? null, wish.descending) || a - b);
}

export function isShown(row: Row | undefined, wish: Pick<Wish, 'search' | 'kinds'>): boolean {
  if (row === undefined || (wish.kinds.length > 0 && !wish.kinds.includes(row.kind))) {
    return false;
  }
  return row.name.toLowerCase().includes(wish.search.trim().toLowerCase());
}

function compare(a: SortValue, b: SortValue, descending: boolean): number {
  if (a === null || b === null) {
    return Number(a === null) - Number(b === null);
  }
  const order = typeof a === 'string' && typeof b === 'string' ? NAMES.compare(a, b) : Number(a) - Number(b);
  return descending ? -order : order;
}

/** What a click on a column's title asks for: its order, then the reverse, then the network's. */
export function nextSort(wish: Pick<Wish, 'sortBy' | 'descending'>, key: SortKey): Pick<Wish, 'sortBy' | 'descending'> {
  const first = startsDescending(key);
  if (wish.sortBy !== key) {
    return { sortBy: key, descending: first };
  }
  return wish.descending === first ? { sortBy: key, descending: !first } : { sortBy: 'network', descending: false };
}

/** Losses are looked for from the largest down, the rest from the smallest up. */
function startsDescending(key: SortKey): boolean {
  return key === 'underflow' || key === 'overflow' || key === 'rounded' || key === 'zeros';
}

/** Why no row is shown. */
export function emptyText(total: number, wish: Pick<Wish, 'search' | 'kinds'>): string {
  if (total === 0) {
    return 'This network has no site.';
  }
  const search = wish.search.trim() === '' ? '' : ` with “${wish.search.trim()}” in its name`;
  const kinds = wish.kinds.length === 0 ? '' : ` of kind ${wish.kinds.join(' or ')}`;
  return `None of the ${total} rows is one${kinds}${search}. Change the filter to see rows.`;
}
