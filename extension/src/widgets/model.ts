import { WidgetModel } from '@jupyter-widgets/base';

import { isDeterministic, type Overflow } from '../core/borders.js';
import type { DragRow, Formats } from '../core/drag.js';
import { type FixedPoint, sameType } from '../core/fixed_point.js';
import { Mailbox } from '../core/mailbox.js';
import type { Columns } from '../core/moves.js';
import { type BitCounts, type Counts, SpectrumTable } from '../core/spectrum_table.js';
import type { Action, Request, Row } from '../core/wire.js';
import { MODULE_NAME, MODULE_VERSION } from '../version.js';

/** Fired with the changed row indices when the user moves windows, for all views of the model. */
export const FORMATS_EVENT = 'bitwindow:formats';

/** The traits that the kernel shares. */
export interface Traits {
  readonly rows: readonly Row[];
  readonly tables: readonly DataView[];
  readonly exponent_high: number;
  readonly exponent_low: number;
  readonly selected: readonly number[];
  readonly active: number;
  readonly rounding: string;
  readonly overflow: Overflow;
  readonly underflow_threshold: number;
  readonly overflow_threshold: number;
  readonly tooltips: boolean;
  readonly acknowledged: number;
  readonly request: Request | null;
}

type Callbacks = Parameters<WidgetModel['save_changes']>[0];

/** The state of the bit windows: the kernel's traits, and the types that the kernel has not acknowledged yet. */
export class BitWindowModel extends WidgetModel {
  // Without a serializer of its own a binary trait is saved as {} with the widgets of a notebook.
  static override serializers = {
    ...WidgetModel.serializers,
    tables: { serialize: (value: unknown): unknown => value, deserialize: (value: unknown): unknown => value }
  };

  override defaults(): Record<string, unknown> {
    return {
      ...super.defaults(),
      _model_name: 'BitWindowModel',
      _view_name: 'BitWindow',
      _model_module: MODULE_NAME,
      _view_module: MODULE_NAME,
      _model_module_version: `^${MODULE_VERSION}`,
      _view_module_version: `^${MODULE_VERSION}`,
      rows: [],
      tables: [],
      exponent_high: 7,
      exponent_low: -16,
      selected: [],
      active: -1,
      rounding: 'round',
      overflow: 'saturate',
      underflow_threshold: 0.05,
      overflow_threshold: 0.001,
      tooltips: false,
      acknowledged: 0,
      request: null
    };
  }

  override initialize(...parameters: Parameters<WidgetModel['initialize']>): void {
    super.initialize(...parameters);
    this.mailbox.continueAfter(this.read('acknowledged'));
    this.on('change:acknowledged', () => {
      this.mailbox.acknowledge(this.read('acknowledged'));
      this.mailbox.continueAfter(this.read('acknowledged'));
    });
    this.on('change:tables', () => {
      this.spectra.clear();
    });
  }

  get rows(): readonly Row[] {
    return this.read('rows');
  }

  get selected(): readonly number[] {
    return this.read('selected');
  }

  get active(): number {
    return this.read('active');
  }

  get columns(): Columns {
    return { high: this.read('exponent_high'), low: this.read('exponent_low') };
  }

  /** The rows as a drag sees them, with the user's latest types. */
  get dragRows(): DragRow[] {
    return this.rows.map((row, index) => ({ type: this.typeOf(index), locked: row.locked, isFloat: row.is_float }));
  }

  typeOf(index: number): FixedPoint {
    return this.mailbox.current(index, typeOfRow(this.rows[index]));
  }

  /** Whether the kernel's words about a row are those of another type than the one shown. */
  isWaiting(index: number): boolean {
    return !sameType(this.typeOf(index), typeOfRow(this.rows[index]));
  }

  /** The exact counts of a row; null under stochastic rounding, where they depend on the random bits of a run. */
  counts(index: number): Counts | null {
    const row = this.rows[index];
    const rounding = this.read('rounding');
    if (row === undefined || row.is_float || !isDeterministic(rounding)) {
      return null;
    }
    return this.spectrum(index).counts(this.typeOf(index), row, rounding, this.read('overflow'));
  }

  bit(index: number, exponent: number): BitCounts {
    return this.spectrum(index).bit(exponent);
  }

  /** Takes the user's types: shows them at once in every view and tells the kernel. */
  propose(formats: Formats, dragging: boolean, callbacks: Callbacks): void {
    const changed = [...formats].filter(([row, type]) => this.mailbox.differs(row, typeOfRow(this.rows[row]), type));
    if (changed.length === 0) {
      return;
    }
    this.set('request', this.mailbox.post(changed, dragging));
    this.save_changes(callbacks);
    this.trigger(FORMATS_EVENT, changed.map(([row]) => row));
  }

  /** Tells the kernel that the pointer let go, so that it can count the whole drag as one step. */
  drop(callbacks: Callbacks): void {
    if (this.read('request')?.dragging === true) {
      this.set('request', this.mailbox.post([], false));
      this.save_changes(callbacks);
    }
  }

  choose(selected: readonly number[], active: number, callbacks: Callbacks): void {
    this.set({ selected: [...selected], active });
    this.save_changes(callbacks);
  }

  act(action: Action['action'], rows: readonly number[], callbacks: Callbacks): void {
    const message = { action, rows: [...rows] } satisfies Action;
    this.send(message, callbacks);
  }

  read<Name extends keyof Traits>(name: Name): Traits[Name] {
    return this.get(name) as Traits[Name];
  }

  private spectrum(index: number): SpectrumTable {
    let spectrum = this.spectra.get(index);
    if (spectrum === undefined) {
      spectrum = SpectrumTable.unpack(this.read('tables')[index]);
      this.spectra.set(index, spectrum);
    }
    return spectrum;
  }

  // WidgetModel's constructor calls initialize(), so these are made on first use and not as initialized fields.
  private get mailbox(): Mailbox {
    return (this._mailbox ??= new Mailbox());
  }

  private get spectra(): Map<number, SpectrumTable> {
    return (this._spectra ??= new Map<number, SpectrumTable>());
  }

  declare private _mailbox: Mailbox | undefined;
  declare private _spectra: Map<number, SpectrumTable> | undefined;
}

function typeOfRow(row: Row | undefined): FixedPoint {
  return {
    signed: row?.signed ?? true,
    wordLength: row?.word_length ?? 8,
    fractionLength: row?.fraction_length ?? 0
  };
}
