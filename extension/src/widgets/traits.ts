import type { Overflow } from '../core/borders.js';
import type { SortKey } from '../core/order.js';
import type { Request, Row, Strip } from '../core/wire.js';
import { MODULE_NAME, MODULE_VERSION } from '../version.js';

/** The traits that the kernel shares. */
export interface Traits {
  readonly rows: readonly Row[];
  readonly tables: readonly DataView[];
  readonly strips: readonly Strip[];
  readonly exponent_high: number;
  readonly exponent_low: number;
  readonly selected: readonly number[];
  readonly active: number;
  readonly rounding: string;
  readonly overflow: Overflow;
  readonly underflow_threshold: number;
  readonly overflow_threshold: number;
  readonly search: string;
  readonly kinds: readonly string[];
  readonly sort_by: SortKey;
  readonly descending: boolean;
  readonly tooltips: boolean;
  readonly acknowledged: number;
  readonly request: Request | null;
}

export const DEFAULTS: Traits & Readonly<Record<string, unknown>> = {
  _model_name: 'BitWindowModel',
  _view_name: 'BitWindow',
  _model_module: MODULE_NAME,
  _view_module: MODULE_NAME,
  _model_module_version: `^${MODULE_VERSION}`,
  _view_module_version: `^${MODULE_VERSION}`,
  rows: [],
  tables: [],
  strips: [],
  exponent_high: 7,
  exponent_low: -16,
  selected: [],
  active: -1,
  rounding: 'round',
  overflow: 'saturate',
  underflow_threshold: 0.05,
  overflow_threshold: 0.001,
  search: '',
  kinds: [],
  sort_by: 'network',
  descending: false,
  tooltips: false,
  acknowledged: 0,
  request: null
};
