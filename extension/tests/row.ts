import type { Row } from '../src/core/wire.js';

/** A row of the wire with as little in it as possible. */
export function row(name: string, kind: Row['kind'] = 'weight', more: Partial<Row> = {}): Row {
  return {
    name, kind, signed: true, word_length: 8, fraction_length: 3, is_float: false, locked: false, total: 10, zero: 0, nan: 0,
    inf: 0, minimum: null, maximum: null, rounded: null, sqnr: null, precision: '', note: '', channels: 0, ...more
  };
}
