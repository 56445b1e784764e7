// Generated from kernel_side/bitwindow/panel/wire_schema.json by `npm run schema`; do not edit.

/**
 * A number of values, exact.
 */
export type Count = number;

/**
 * What crosses the wire between the kernel and the bit windows in the browser.
 */
export interface Wire {
  rows: Row[];
  strips: Strip[];
  request: Request;
  action: Action;
}
/**
 * One row of the heat map: a site, its type and the counts that no window changes.
 */
export interface Row {
  /**
   * The site's name: text, never markup.
   */
  name: string;
  kind: 'input' | 'weight' | 'bias' | 'activation';
  signed: boolean;
  /**
   * W, in bits.
   */
  word_length: number;
  /**
   * F, in bits.
   */
  fraction_length: number;
  /**
   * Whether the site has no fixed-point type: no window is drawn.
   */
  is_float: boolean;
  /**
   * Whether the window keeps still.
   */
  locked: boolean;
  total: Count;
  zero: Count;
  nan: Count;
  inf: Count;
  /**
   * The least finite value; null where there is none.
   */
  minimum: number | null;
  /**
   * The greatest finite value; null where there is none.
   */
  maximum: number | null;
  /**
   * Values that the type above changes by rounding alone; null where no exact count exists.
   */
  rounded: number | null;
  /**
   * The signal-to-noise ratio for the type above in dB, to sort by; null where there is none. JSON has no infinity: the largest float64 stands for a cast without error.
   */
  sqnr: number | null;
  /**
   * The loss of precision in words, for the type above.
   */
  precision: string;
  /**
   * Why this type, or why the site is float.
   */
  note: string;
  /**
   * How many output channels have a type of their own, of which the type above is the coarsest; 0 for one type. All move with this row's window.
   */
  channels: number;
}
/**
 * The accuracy of one row's window at several positions, all other types as they are.
 */
export interface Strip {
  row: number;
  signed: boolean;
  /**
   * W of all positions, in bits.
   */
  word_length: number;
  /**
   * Text, never markup.
   */
  metric_name: string;
  higher_is_better: boolean;
  /**
   * The float network's metric.
   */
  float_metric: number | null;
  /**
   * Samples that an exact figure takes.
   */
  total: number;
  cells: StripCell[];
}
/**
 * The metric at one position; exact when n is the strip's total.
 */
export interface StripCell {
  fraction_length: number;
  /**
   * Over the first n samples; null before any.
   */
  value: number | null;
  /**
   * The 95 % confidence interval of the figure over all samples.
   *
   * @minItems 2
   * @maxItems 2
   */
  interval: [number, number] | null;
  /**
   * Samples evaluated.
   */
  n: number;
  /**
   * Whether it was given up early, being far from the best.
   */
  dropped: boolean;
}
/**
 * All changes that the kernel has not acknowledged yet, so that the last one wins though states in between are skipped.
 */
export interface Request {
  /**
   * Rises by one with every request.
   */
  sequence: number;
  changes: Change[];
  /**
   * Whether the pointer still holds the window.
   */
  dragging: boolean;
}
/**
 * The type that the user gave to one row.
 */
export interface Change {
  row: number;
  signed: boolean;
  word_length: number;
  fraction_length: number;
}
/**
 * Something that the user asked for with a key or a double click.
 */
export interface Action {
  action: 'lock' | 'unlock' | 'reset' | 'undo' | 'redo';
  rows: number[];
}
