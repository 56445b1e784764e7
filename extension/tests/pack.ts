/** Packs cells as the kernel does: all counts as float64, then all keys as int32, little end first. */
export function pack(cells: readonly (readonly [sign: number, msb: number, run: number, tail: number, count: number])[]): DataView {
  const view = new DataView(new ArrayBuffer(12 * cells.length));
  cells.forEach(([sign, msb, run, tail, count], i) => {
    const rank = run === -33 ? 0 : (run > 0 ? 62 : 64) + 2 * run + 1 - tail;
    view.setFloat64(8 * i, count, true);
    view.setInt32(8 * cells.length + 4 * i, 2 * (128 * msb + rank) + (sign < 0 ? 1 : 0), true);
  });
  return view;
}
