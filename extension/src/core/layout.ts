/** The columns that rows can be sorted by and that stand beside the bits, in the order they are shown. */
export const COLUMN_KEYS = [
  'name', 'kind', 'type', 'minimum', 'maximum', 'zeros', 'underflow', 'underflow_count', 'overflow', 'overflow_count',
  'rounded', 'sqnr'
] as const;
export type ColumnKey = (typeof COLUMN_KEYS)[number];

/** One column of text: where it begins, how wide it is, and to which side its text is set; in pixels. */
export interface Column {
  readonly key: ColumnKey;
  readonly left: number;
  readonly width: number;
  readonly anchor: 'start' | 'end';
}

/** Where the columns and the bits are, in pixels from the left edge of the view. */
export interface Layout {
  readonly columns: readonly Column[];
  readonly bitsLeft: number;
  readonly bitsWidth: number;
}

const GAP = 8;
const PADLOCK = 14;
/** Wider by so much is the column of types where a row shows how many channels have one of their own ("×64"). */
const TIMES = 28;
const WIDTHS: Readonly<Record<Exclude<ColumnKey, 'name'>, number>> = {
  kind: 64, type: 84, minimum: 66, maximum: 66, zeros: 56, underflow: 66, underflow_count: 56, overflow: 66,
  overflow_count: 56, rounded: 66, sqnr: 70
};
/** What goes first when there is little room stands last. */
const BY_VALUE: readonly (readonly Exclude<ColumnKey, 'name'>[])[] = [
  ['type', 'underflow', 'overflow'],
  ['sqnr'],
  ['underflow_count', 'overflow_count'],
  ['minimum', 'maximum'],
  ['kind'],
  ['zeros'],
  ['rounded']
];
const LEAST_BIT = 6;
const COMFORTABLE_BIT = 15;
const NAME = { least: 84, most: 240, share: 0.15 };

/**
 * Lays the columns out in a view of some width. Names, types and both losses are always there; the others join in the
 * order of their value while every bit keeps a comfortable width, so that a narrow view has fewer columns, none cut off.
 *
 * @param times - whether a type may be followed by a number of channels
 */
export function layoutOf(width: number, bits: number, times = false): Layout {
  const wide = (key: ColumnKey): number => WIDTHS[key as 'kind'] + (times && key === 'type' ? TIMES : 0);
  const shown = new Set<ColumnKey>(BY_VALUE[0]);
  const name = Math.round(Math.max(NAME.least, Math.min(NAME.most, width * NAME.share)));
  const taken = (): number => PADLOCK + name + GAP + [...shown].reduce((sum, key) => sum + wide(key), 0) + GAP;
  for (const group of BY_VALUE.slice(1)) {
    const added = group.reduce((sum, key) => sum + wide(key), 0);
    if (taken() + added + bits * COMFORTABLE_BIT > width) {
      break;
    }
    group.forEach(key => shown.add(key));
  }
  const bitsWidth = Math.max(width - taken(), bits * LEAST_BIT, 1);
  return place(shown, name, bitsWidth, wide);
}

function place(shown: ReadonlySet<ColumnKey>, name: number, bitsWidth: number, wide: (key: ColumnKey) => number): Layout {
  const columns: Column[] = [{ key: 'name', left: PADLOCK, width: name, anchor: 'end' }];
  let at = PADLOCK + name;
  if (shown.has('kind')) {
    columns.push({ key: 'kind', left: at + GAP, width: WIDTHS.kind - GAP, anchor: 'start' });
    at += WIDTHS.kind;
  }
  const bitsLeft = at + GAP;
  at = bitsLeft + bitsWidth + GAP;
  for (const key of COLUMN_KEYS.slice(2) as readonly Exclude<ColumnKey, 'name'>[]) {
    if (shown.has(key)) {
      columns.push({ key, left: at, width: wide(key) - GAP, anchor: key === 'type' ? 'start' : 'end' });
      at += wide(key);
    }
  }
  return { columns, bitsLeft, bitsWidth };
}
