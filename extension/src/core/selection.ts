import type { Row } from './wire.js';

/** The rows selected after a click: alone, with all shown between (extend), or one more or less (toggle). */
export function chosen(
  selected: readonly number[],
  active: number,
  row: number,
  order: readonly number[],
  how: { readonly extend: boolean; readonly toggle: boolean }
): number[] {
  const [from, to] = [order.indexOf(active), order.indexOf(row)];
  if (how.extend && from >= 0 && to >= 0) {
    return union(selected, order.slice(Math.min(from, to), Math.max(from, to) + 1));
  }
  if (how.toggle) {
    return selected.includes(row) ? selected.filter(other => other !== row) : union(selected, [row]);
  }
  return [row];
}

/** The rows selected after a step to another row with the keyboard. */
export function stepped(selected: readonly number[], row: number, extend: boolean): number[] {
  return extend ? union(selected, [row]) : [row];
}

function union(a: readonly number[], b: readonly number[]): number[] {
  return [...new Set([...a, ...b])].sort((x, y) => x - y);
}

/** What can be selected by one press. */
export const GROUPS = ['all', 'weights', 'activations', 'none'] as const;
export type Group = (typeof GROUPS)[number];

/** The rows of a group, among those shown. */
export function membersOf(group: Group, rows: readonly Row[], order: readonly number[]): number[] {
  const members = order.filter(index => {
    const row = rows[index];
    return row !== undefined && (group === 'all' || `${row.kind}s` === group);
  });
  return members.sort((a, b) => a - b);
}
