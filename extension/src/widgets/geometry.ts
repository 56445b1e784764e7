import type { FigureView } from 'bqplot';

import { type Layout, layoutOf } from '../core/layout.js';
import type { Columns } from '../core/moves.js';

/** A comfortable height of a row, in pixels; also what the kernel reserves for one. */
export const ROW_HEIGHT = 26;
/** Room under the last row, in pixels. */
export const BOTTOM = 6;

/** Where things are, in pixels from the upper left corner of the figure. */
export interface Geometry extends Layout {
  readonly width: number;
  /** Where the rows begin: the height of what stands above them. */
  readonly top: number;
  readonly bitWidth: number;
  /** Whether types have room for a number of channels behind them. */
  readonly times: boolean;
  readonly bits: Columns;
  /** The offset of bqplot's own plot area, in whose coordinates marks and interaction draw. */
  readonly plot: { readonly left: number; readonly top: number; readonly width: number; readonly height: number };
}

export function geometryOf(figure: FigureView, bits: Columns, top: number, times: boolean): Geometry {
  const { margin } = figure;
  const plot = { left: margin.left, top: margin.top, width: figure.plotareaWidth, height: figure.plotareaHeight };
  const width = Math.max(plot.width + margin.left + margin.right, 1);
  const count = bits.high - bits.low + 1;
  const layout = layoutOf(width, count, times);
  return { ...layout, width, top, bitWidth: layout.bitsWidth / count, times, bits, plot };
}

/** The left edge of a bit's column. */
export function leftOf(exponent: number, geometry: Geometry): number {
  return geometry.bitsLeft + (geometry.bits.high - exponent) * geometry.bitWidth;
}

export function topOfPlace(place: number, geometry: Geometry): number {
  return geometry.top + place * ROW_HEIGHT;
}
