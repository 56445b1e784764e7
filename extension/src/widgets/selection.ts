/** The rows selected after a click: alone, with all between (extend), or one more or less (toggle). */
export function chosen(
  selected: readonly number[],
  active: number,
  row: number,
  how: { readonly extend: boolean; readonly toggle: boolean }
): number[] {
  if (how.extend && active >= 0) {
    const [from, to] = [Math.min(active, row), Math.max(active, row)];
    return union(selected, Array.from({ length: to - from + 1 }, (_, i) => from + i));
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
