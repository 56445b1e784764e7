import type { FigureView } from 'bqplot';

import type { Columns } from '../core/moves.js';

/** Where things are in the plot, in pixels from its upper left corner. */
export interface Geometry {
  readonly width: number;
  readonly height: number;
  readonly rowHeight: number;
  readonly bitWidth: number;
  readonly columns: Columns;
  readonly margin: FigureView['margin'];
}

export function geometryOf(figure: FigureView, rows: number, columns: Columns): Geometry {
  const width = Math.max(figure.plotareaWidth, 0);
  const height = Math.max(figure.plotareaHeight, 0);
  return {
    width,
    height,
    rowHeight: height / Math.max(rows, 1),
    bitWidth: width / (columns.high - columns.low + 1),
    columns,
    margin: figure.margin
  };
}

/** The left edge of a bit's column. */
export function leftOf(exponent: number, geometry: Geometry): number {
  return (geometry.columns.high - exponent) * geometry.bitWidth;
}

/** The smallest margins that names, figures and exponents fit in. */
export const ROOM = { left: 60, right: 390, top: 18 } as const;

/** The columns of figures in the right margin: where each text ends or starts, from the plot's right edge. */
export const FIGURES = [
  { key: 'type', title: 'type', at: 14, anchor: 'start' },
  { key: 'underflow', title: '', at: 150, anchor: 'end' },
  { key: 'underflow_share', title: 'underflow', at: 206, anchor: 'end' },
  { key: 'overflow', title: '', at: 262, anchor: 'end' },
  { key: 'overflow_share', title: 'overflow', at: 318, anchor: 'end' },
  { key: 'precision', title: 'SQNR', at: 388, anchor: 'end' }
] as const;

export type Figure = (typeof FIGURES)[number]['key'];
