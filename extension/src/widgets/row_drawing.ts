import { msbExponent } from '../core/fixed_point.js';
import { COLUMN_KEYS, type ColumnKey } from '../core/layout.js';
import type { Counts } from '../core/spectrum_table.js';
import { spoken } from '../core/words.js';
import { figuresOf } from './figures.js';
import { type Geometry, ROW_HEIGHT, topOfPlace } from './geometry.js';
import { fitted } from './measure.js';
import type { BitWindowModel } from './model.js';
import { RowMarks } from './row_marks.js';
import { RowWindow } from './row_window.js';
import { StripDrawing } from './strip_drawing.js';
import { element, set, write } from './svg.js';

/** A padlock of 9 by 10 pixels. */
const PADLOCK = 'M0 4.5h9V10H0z M2 4.5V3a2.5 2.5 0 0 1 5 0v1.5h-1.2V3a1.3 1.3 0 0 0-2.6 0v1.5z';
/** These are the kernel's, for a type that the window may have left. */
const KERNELS: ReadonlySet<ColumnKey> = new Set(['rounded', 'sqnr']);

/** One row's part of the picture; its root element is a slider to a screen reader. */
export class RowDrawing {
  constructor(readonly index: number) {
    this.root = element('svg', 'bw-row', null, { role: 'slider', tabindex: -1, 'data-row': index });
    this.band = element('rect', 'bw-band', this.root);
    // over the mask, under the frame
    const lane = element('g', '');
    this.window = new RowWindow(this.root, lane);
    this.strip = new StripDrawing(lane);
    this.marks = new RowMarks(this.root, index);
    this.focusRing = element('rect', 'bw-focus', this.root, { rx: 2 });
    this.padlock = element('path', 'bw-padlock', this.root, { d: PADLOCK, transform: `translate(3, ${ROW_HEIGHT / 2 - 5})` });
    this.texts = new Map(
      COLUMN_KEYS.map(key => [key, element('text', `bw-figure bw-${key}`, this.root, { y: ROW_HEIGHT / 2 })])
    );
  }

  /** Puts the row at its place from the top. */
  put(place: number, geometry: Geometry): void {
    this.root.style.top = `${topOfPlace(place, geometry)}px`;
  }

  /** Places what depends on the size of the view alone. */
  layout(geometry: Geometry): void {
    const wide = { x: 1, y: 1, width: Math.max(geometry.width - 2, 0), height: ROW_HEIGHT - 2 };
    set(this.band, wide);
    set(this.focusRing, wide);
    const columns = new Map(geometry.columns.map(column => [column.key, column]));
    for (const [key, text] of this.texts) {
      const column = columns.get(key);
      if (column === undefined) {
        set(text, { display: 'none' });
      } else {
        const x = column.anchor === 'end' ? column.left + column.width : column.left;
        set(text, { display: 'inline', 'text-anchor': column.anchor, x });
      }
    }
    this.room = columns.get('name')?.width ?? 0;
    this.shownName = null;
  }

  /** Shows the row's state: after a change of the model, and with every snap of a drag. */
  update(model: BitWindowModel, geometry: Geometry, font: string): void {
    const row = model.rows[this.index];
    if (row === undefined) {
      return;
    }
    const classes = ['bw-row'];
    if (row.locked) classes.push('bw-locked');
    if (row.is_float) classes.push('bw-float');
    if (model.selected.includes(this.index)) classes.push('bw-selected');
    if (model.active === this.index) classes.push('bw-active');
    set(this.root, { class: classes.join(' ') });
    set(this.padlock, { display: row.locked ? 'inline' : 'none' });
    const counts = model.counts(this.index);
    this.window.draw(model.typeOf(this.index), row.is_float, geometry);
    this.marks.draw(model, geometry);
    this.drawStrip(model, geometry);
    this.writeFigures(model, counts, font);
    this.describe(model, counts);
  }

  private drawStrip(model: BitWindowModel, geometry: Geometry): void {
    const found = model.active === this.index ? model.strip(this.index) : null;
    if (found === null) {
      this.strip.clear();
    } else {
      this.strip.draw(found.strip, geometry, found.stale);
    }
  }

  private writeFigures(model: BitWindowModel, counts: Counts | null, font: string): void {
    const figures = figuresOf(model, this.index, counts);
    const stale = model.isWaiting(this.index);
    for (const [key, text] of this.texts) {
      const { text: words, level } = figures[key];
      if (key === 'name') {
        this.writeName(text, words, font);
        continue;
      }
      write(text, words);
      set(text, { class: `bw-figure bw-${key}${level === '' ? '' : ` ${level}`}${stale && KERNELS.has(key) ? ' bw-stale' : ''}` });
    }
  }

  private writeName(text: SVGTextElement, name: string, font: string): void {
    if (name !== this.shownName) {
      this.shownName = name;
      write(text, fitted(name, this.room - 4, font));
    }
  }

  private describe(model: BitWindowModel, counts: Counts | null): void {
    const row = model.rows[this.index];
    if (row === undefined) {
      return;
    }
    const type = model.typeOf(this.index);
    set(this.root, {
      'aria-label': row.name,
      'aria-orientation': 'horizontal',
      'aria-valuemin': model.columns.low,
      'aria-valuemax': model.columns.high,
      'aria-valuenow': row.is_float ? model.columns.low : Math.max(model.columns.low, Math.min(model.columns.high, msbExponent(type))),
      'aria-valuetext': row.is_float ? `${row.name}: float` : spoken(row.name, type, counts, row.locked),
      'aria-disabled': String(row.locked || row.is_float)
    });
  }

  readonly root: SVGSVGElement;
  private readonly band: SVGRectElement;
  private readonly window: RowWindow;
  private readonly marks: RowMarks;
  private readonly strip: StripDrawing;
  private readonly focusRing: SVGRectElement;
  private readonly padlock: SVGPathElement;
  private readonly texts: ReadonlyMap<ColumnKey, SVGTextElement>;
  private room = 0;
  private shownName: string | null = null;
}
