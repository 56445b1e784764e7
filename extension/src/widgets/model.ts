import { WidgetModel } from '@jupyter-widgets/base';

import { isDeterministic } from '../core/borders.js';
import { type DragRow, type Formats, movingRows } from '../core/drag.js';
import { type FixedPoint, sameType } from '../core/fixed_point.js';
import { Mailbox } from '../core/mailbox.js';
import type { Columns } from '../core/moves.js';
import { MOVING_KEYS, orderOf, type Wish } from '../core/order.js';
import { Pace } from '../core/pace.js';
import { type BitCounts, type Counts, type Fates, SpectrumTable } from '../core/spectrum_table.js';
import type { Action, Row, Strip } from '../core/wire.js';
import { changedRows, kept, sortValue } from './rows.js';
import { DEFAULTS, type Traits } from './traits.js';
import { Waiting } from './waiting.js';

/** Fired with the changed row indices, when the user moves windows or the kernel sends rows; for all views. */
export const FORMATS_EVENT = 'bitwindow:formats';
/** Fired when other rows are shown, or in another order. */
export const ORDER_EVENT = 'bitwindow:order';

/**
 * A drag tells the kernel of a step at once when the hand had rested so long before it, and else when it rests again, but
 * at least every `most`, in milliseconds. Each message costs the page the kernel's turn to busy and back, for which
 * JupyterLab lays out its toolbar twice.
 */
const PACE = { rest: 50, most: 250 } as const;

type Callbacks = Parameters<WidgetModel['save_changes']>[0];

/** The state of the bit windows: the kernel's traits, and the types that the kernel has not acknowledged yet. */
export class BitWindowModel extends WidgetModel {
  // Without a serializer of its own a binary trait is saved as {} with the widgets of a notebook.
  static override serializers = {
    ...WidgetModel.serializers,
    tables: { serialize: (value: unknown): unknown => value, deserialize: (value: unknown): unknown => value }
  };

  override defaults(): Record<string, unknown> {
    return { ...super.defaults(), ...DEFAULTS };
  }

  override initialize(...parameters: Parameters<WidgetModel['initialize']>): void {
    super.initialize(...parameters);
    this.mailbox = new Mailbox();
    this.pace = new Pace(PACE.rest, PACE.most);
    this.spectra = new Map();
    this.asked = [];
    this.waiting = new Waiting(this);
    this.mailbox.continueAfter(this.read('acknowledged'));
    this.reorder();
    this.on('change:acknowledged', () => { this.answered(); });
    this.on('change:tables', () => { this.spectra.clear(); this.reorder(); });
    this.on('change:search change:kinds change:sort_by change:descending', () => { this.reorder(); });
    this.on('change:rows', () => { this.rowsCame(); });
  }

  /** Rows that are as before stay the same objects: Backbone would compare them with each answer, field by field, twice. */
  override set_state(state: Record<string, unknown>): void {
    super.set_state(Array.isArray(state.rows) ? { ...state, rows: kept(this.rows, state.rows as Row[]) } : state);
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

  get wish(): Wish {
    return {
      search: this.read('search'), kinds: this.read('kinds'), sortBy: this.read('sort_by'), descending: this.read('descending')
    };
  }

  /** Whether a row shows how many channels with types of their own it stands for. */
  get hasChannels(): boolean {
    return this.rows.some(({ channels }) => channels > 0);
  }

  /** The rows as a drag sees them, with the user's latest types. */
  get dragRows(): DragRow[] {
    return this.rows.map((row, index) => ({ type: this.typeOf(index), locked: row.locked, isFloat: row.is_float }));
  }

  /** The rows that move with one: those selected with it, as far as they are shown. */
  movingWith(row: number): number[] {
    return movingRows(this.dragRows, this.selected, row, index => this.order.includes(index));
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

  /** The MSBs of a cell; an end column holds all beyond it too. */
  bit(index: number, exponent: number): BitCounts {
    return this.spectrum(index).bit(...this.octaves(exponent));
  }

  /** What becomes of a cell's values; null where no type or no counts are. */
  fates(index: number, exponent: number): Fates | null {
    const rounding = this.read('rounding');
    if (this.rows[index]?.is_float !== false || !isDeterministic(rounding)) {
      return null;
    }
    return this.spectrum(index).fates(...this.octaves(exponent), this.typeOf(index), rounding, this.read('overflow'));
  }

  /** The strip of a row, and whether a change of another row, not handled yet, makes it one of another network. */
  strip(index: number): { readonly strip: Strip; readonly stale: boolean } | null {
    const strip = this.read('strips').find(one => one.row === index);
    const type = this.typeOf(index);
    if (strip?.signed !== type.signed || strip.word_length !== type.wordLength || this.rows[index]?.is_float === true) {
      return null;
    }
    return { strip, stale: this.mailbox.isWaitingBeside(index) };
  }

  /** Takes the user's types: shows them at once in every view and tells the kernel. */
  propose(formats: Formats, dragging: boolean, callbacks: Callbacks): void {
    const changed = [...formats].filter(([row, type]) => this.mailbox.differs(row, typeOfRow(this.rows[row]), type));
    if (changed.length === 0) {
      return;
    }
    this.waiting.begin();
    const request = this.mailbox.post(changed, dragging);
    // drawn first: to write the message takes a while, too
    this.tellFormats(changed.map(([row]) => row));
    if (dragging) {
      // a message for every snap would have the kernel, the server and this page busy with answers to the ones before
      this.set({ request });
      this.pace.ask(() => { this.save_changes(callbacks); });
    } else {
      this.update({ request }, callbacks);
    }
  }

  /** Tells the kernel that the pointer let go, so that it can count the whole drag as one step. */
  drop(callbacks: Callbacks): void {
    if (this.read('request')?.dragging === true) {
      this.update({ request: this.mailbox.post([], false) }, callbacks);
    }
  }

  choose(selected: readonly number[], active: number, callbacks: Callbacks): void {
    this.update({ selected: [...selected], active }, callbacks);
  }

  update(traits: Partial<Traits>, callbacks: Callbacks): void {
    this.waiting.look();
    this.set(traits);
    this.pace.done();
    this.save_changes(callbacks);
  }

  /**
   * Asks the kernel for something, after what was changed before: a message would overtake the changes that ipywidgets
   * holds back while the kernel is busy, and an undo would take back the wrong one.
   */
  act(action: Action['action'], rows: readonly number[], callbacks: Callbacks): void {
    this.asked.push([{ action, rows: [...rows] }, callbacks]);
    this.sendAsked();
  }

  read<Name extends keyof Traits>(name: Name): Traits[Name] {
    return this.get(name) as Traits[Name];
  }

  /** Sorts anew. Moving windows never does it by itself, so that no row runs away from under the pointer. */
  reorder(): void {
    this.order = orderOf(this.rows, this.wish, index => sortValue(this, index, this.read('sort_by')));
    this.orderIsStale = false;
    this.trigger(ORDER_EVENT);
  }

  private octaves(exponent: number): [from: number, last: number] {
    const { high, low } = this.columns;
    return [exponent === low ? -Infinity : exponent, exponent === high ? Infinity : exponent];
  }

  private answered(): void {
    this.mailbox.acknowledge(this.read('acknowledged'));
    this.mailbox.continueAfter(this.read('acknowledged'));
    if (this.mailbox.isEmpty) {
      this.waiting.end();
      this.sendAsked();
    } else {
      this.waiting.heard();
    }
  }

  private sendAsked(): void {
    if (this.mailbox.isEmpty && this.comm_live) {
      for (const [message, callbacks] of this.asked.splice(0)) {
        this.send({ ...message }, callbacks);
      }
    }
  }

  private rowsCame(): void {
    const before = this.previous('rows') as readonly Row[];
    const changed = changedRows(before, this.rows);
    if (changed === null) {
      this.reorder();
    } else {
      this.tellFormats(changed);
    }
  }

  private tellFormats(rows: readonly number[]): void {
    this.orderIsStale ||= rows.length > 0 && MOVING_KEYS.has(this.read('sort_by'));
    this.trigger(FORMATS_EVENT, rows);
  }

  private spectrum(index: number): SpectrumTable {
    let spectrum = this.spectra.get(index);
    if (spectrum === undefined) {
      spectrum = SpectrumTable.unpack(this.read('tables')[index]);
      this.spectra.set(index, spectrum);
    }
    return spectrum;
  }

  // WidgetModel's constructor calls initialize(), so these are only declared: a class field would be set after it.
  /** The shown rows from top to bottom. */
  declare order: readonly number[];
  /** Whether a window has moved since the rows were sorted by what moves with it. */
  declare orderIsStale: boolean;
  declare waiting: Waiting;
  /** What the kernel was asked for and not told yet. */
  declare private asked: [Action, Callbacks][];
  declare private mailbox: Mailbox;
  declare private pace: Pace;
  declare private spectra: Map<number, SpectrumTable>;
}

function typeOfRow(row: Row | undefined): FixedPoint {
  return {
    signed: row?.signed ?? true,
    wordLength: row?.word_length ?? 8,
    fractionLength: row?.fraction_length ?? 0
  };
}
