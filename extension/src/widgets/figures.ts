import type { ColumnKey } from '../core/layout.js';
import { typeName } from '../core/fixed_point.js';
import type { Counts } from '../core/spectrum_table.js';
import { compact, nonzero, percent, real } from '../core/words.js';
import type { BitWindowModel } from './model.js';

/** What stands in a column of a row, and how it is marked. */
export interface Cell {
  readonly text: string;
  readonly level: '' | 'bw-warn' | 'bw-alarm';
}

/** The texts of a row's columns, for the type that it shows now. */
export function figuresOf(model: BitWindowModel, index: number, counts: Counts | null): Readonly<Record<ColumnKey, Cell>> {
  const row = model.rows[index];
  const whole = counts === null ? 0 : nonzero(counts);
  const under = levelOf(counts?.underflow, whole, model.read('underflow_threshold'), 'bw-warn');
  const over = levelOf(counts?.overflow, whole, model.read('overflow_threshold'), 'bw-alarm');
  const isFloat = row?.is_float === true;
  // channels with types of their own move together: the coarsest stands for them
  const apart = row?.channels ?? 0;
  const none = isFloat ? '' : '–';
  return {
    name: plain(row?.name ?? ''),
    kind: plain(row?.kind ?? ''),
    type: plain(isFloat ? 'float' : `${typeName(model.typeOf(index))}${apart > 0 ? ` ×${apart}` : ''}`),
    minimum: plain(real(row?.minimum ?? null)),
    maximum: plain(real(row?.maximum ?? null)),
    zeros: plain(row === undefined || row.total === 0 ? '–' : percent(row.zero, row.total)),
    // a sign beside the colour, so that the mark does not hang on colour alone
    underflow: { text: counts === null ? none : `${under === '' ? '' : '▼ '}${percent(counts.underflow, whole)}`, level: under },
    underflow_count: { text: counts === null ? '' : compact(counts.underflow), level: under },
    overflow: { text: counts === null ? none : `${over === '' ? '' : '▲ '}${percent(counts.overflow, whole)}`, level: over },
    overflow_count: { text: counts === null ? '' : compact(counts.overflow), level: over },
    rounded: plain(row?.rounded === null || row === undefined ? '–' : compact(row.rounded)),
    sqnr: plain(row?.precision ?? '')
  };
}

function plain(text: string): Cell {
  return { text, level: '' };
}

function levelOf<Level extends 'bw-warn' | 'bw-alarm'>(count: number | undefined, whole: number, most: number, level: Level): Level | '' {
  return count !== undefined && count > whole * most ? level : '';
}
