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
   * The loss of precision in words, for the type above.
   */
  precision: string;
  /**
   * Why this type, or why the site is float.
   */
  note: string;
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
