import type { FixedPoint } from './fixed_point.js';
import { type Columns, moved, type Part } from './moves.js';

/** What a drag must know of a row. */
export interface DragRow {
  readonly type: FixedPoint;
  readonly locked: boolean;
  readonly isFloat: boolean;
}

export type Formats = ReadonlyMap<number, FixedPoint>;

/** Whether a row's window can be moved at all. */
export function isMovable(row: DragRow | undefined): row is DragRow {
  return row !== undefined && !row.locked && !row.isFloat;
}

/**
 * The rows that move when one is moved: the whole selection when it is part of it, without locked, float and filtered-out
 * rows. What is not shown never moves.
 */
export function movingRows(
  rows: readonly DragRow[],
  selected: readonly number[],
  row: number,
  shown: (index: number) => boolean = () => true
): number[] {
  const group = selected.includes(row) ? [...selected] : [row];
  return [...new Set(group)].filter(index => isMovable(rows[index]) && shown(index)).sort((a, b) => a - b);
}

/** The types of some rows after a move by whole bits from where they are. */
export function shifted(rows: readonly DragRow[], indices: readonly number[], part: Part, bits: number, columns: Columns): Formats {
  const formats = new Map<number, FixedPoint>();
  for (const index of indices) {
    const row = rows[index];
    if (isMovable(row)) {
      formats.set(index, moved(row.type, part, bits, columns));
    }
  }
  return formats;
}

/**
 * One drag from press to release. Every position is taken from where the drag began, so that a window that ran into its
 * limit comes back with the pointer and rows that move together keep their distances.
 */
export class Drag {
  /** Begins at a pointer position in bits from the left edge; null when the pressed row cannot move. */
  static begin(
    rows: readonly DragRow[],
    moving: readonly number[],
    row: number,
    part: Part,
    at: number,
    columns: Columns
  ): Drag | null {
    return isMovable(rows[row]) ? new Drag([...rows], moving, row, part, at, columns) : null;
  }

  private constructor(
    private readonly rows: readonly DragRow[],
    private readonly moving: readonly number[],
    readonly row: number,
    readonly part: Part,
    private readonly from: number,
    private readonly columns: Columns
  ) {}

  /** The new types when the pointer came to another bit, else null. */
  move(at: number): Formats | null {
    const bits = Math.round(this.from - at) + 0;
    if (bits === this.bits) {
      return null;
    }
    this.bits = bits;
    return shifted(this.rows, this.moving, this.part, bits, this.columns);
  }

  /** The types from before the drag. */
  cancel(): Formats {
    this.bits = 0;
    return shifted(this.rows, this.moving, this.part, 0, this.columns);
  }

  private bits = 0;
}
