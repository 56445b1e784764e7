import { isMovable } from '../core/drag.js';
import { typeName } from '../core/fixed_point.js';
import { accuracyText, cellOf } from '../core/strip.js';
import { placeOf, verdictText } from '../core/verdict.js';
import { cellText, grouped, nonzero, percent, real } from '../core/words.js';
import type { BitWindowModel } from './model.js';
import { cellAt, windowText } from './strip_drawing.js';

/** What the box beside the pointer says of a cell: its MSBs, and how they fare under the type. */
export function cellTip(model: BitWindowModel, index: number, exponent: number): string {
  const row = model.rows[index];
  if (row === undefined) {
    return '';
  }
  const { high, low } = model.columns;
  const end = exponent === high ? 'high' : exponent === low ? 'low' : null;
  const lines = [row.name, cellText(exponent, model.bit(index, exponent), row.total - row.zero - row.nan - row.inf, end)];
  const fates = model.fates(index, exponent);
  if (fates !== null) {
    const type = model.typeOf(index);
    lines.push(verdictText(placeOf(exponent, type), fates, type));
  }
  return lines.filter(line => line !== '').join('\n');
}

/** What it says of a position of the strip, or null where none was evaluated. */
export function stripTip(model: BitWindowModel, index: number, exponent: number): string | null {
  const found = model.strip(index);
  const cell = found === null ? null : cellAt(found.strip, exponent);
  if (found === null || cell === null) {
    return null;
  }
  const now = found.stale ? '\nfor the types before the last change' : '';
  return `${windowText(found.strip, cell)}, ${typeName({ ...model.typeOf(index), fractionLength: cell.fraction_length })}\n${accuracyText(found.strip, cell)}${now}`;
}

/** What it says while a window moves: the type, the counts, and the accuracy where it is known already. */
export function moveTip(model: BitWindowModel, index: number): string {
  const row = model.rows[index];
  if (row === undefined || !isMovable(model.dragRows[index])) {
    return `${row?.name ?? ''}: ${row?.is_float === true ? 'float' : 'locked'}\n${row?.note ?? ''}`;
  }
  const lines = [`${row.name}  ${typeName(model.typeOf(index))}`];
  const counts = model.counts(index);
  if (counts === null) {
    lines.push('counts depend on the random bits of a run');
  } else {
    const whole = nonzero(counts);
    lines.push(`underflow ${grouped(counts.underflow)}  (${percent(counts.underflow, whole)})`);
    lines.push(`overflow ${grouped(counts.overflow)}  (${percent(counts.overflow, whole)})`);
  }
  const found = model.strip(index);
  const cell = found === null || found.stale ? null : cellOf(found.strip, model.typeOf(index));
  if (found !== null && cell !== null && cell.value !== null) {
    lines.push(accuracyText(found.strip, cell));
  }
  return lines.join('\n');
}

/** What it says of a whole row, over its name: also the figures that a narrow view has no column for. */
export function rowTip(model: BitWindowModel, index: number): string {
  const row = model.rows[index];
  if (row === undefined) {
    return '';
  }
  const rounded = row.rounded === null ? '' : `, ${grouped(row.rounded)} rounded`;
  const lines = [
    `${row.name}  (${row.kind}${row.locked ? ', locked' : ''})`,
    row.note,
    `${grouped(row.total)} values, ${percent(row.zero, row.total)} zeros, ${real(row.minimum)} to ${real(row.maximum)}`,
    row.precision === '' ? '' : `SQNR ${row.precision}${rounded}`
  ];
  return lines.filter(line => line !== '').join('\n');
}
