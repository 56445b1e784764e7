import { lsbExponent, msbExponent, typeName } from '../core/fixed_point.js';
import type { Counts } from '../core/spectrum_table.js';
import { compact, nonzero, percent, spoken } from '../core/words.js';
import { type Figure, FIGURES, type Geometry, leftOf, ROOM } from './geometry.js';
import type { BitWindowModel } from './model.js';
import { element, place, set, write } from './svg.js';

const HANDLE = 7;
const INSET = 1.5;
/** A padlock of 9 by 10 pixels. */
const PADLOCK = 'M0 4.5h9V10H0z M2 4.5V3a2.5 2.5 0 0 1 5 0v1.5h-1.2V3a1.3 1.3 0 0 0-2.6 0v1.5z';

/** One row's part of the picture; its root element is a slider to a screen reader. */
export class RowDrawing {
  constructor(parent: Element, readonly index: number) {
    this.root = element('g', 'bw-row', parent, { role: 'slider', tabindex: -1, 'data-row': index });
    this.band = element('rect', 'bw-band', this.root);
    this.left = element('rect', 'bw-mask', this.root);
    this.right = element('rect', 'bw-mask', this.root);
    this.sign = element('rect', 'bw-sign', this.root, { rx: 2 });
    this.signText = element('text', 'bw-sign-text', this.root);
    this.frame = element('rect', 'bw-frame', this.root, { rx: 3 });
    this.body = element('rect', 'bw-body', this.root, { 'data-part': 'body' });
    this.grips = [element('rect', 'bw-grip', this.root, { rx: 1 }), element('rect', 'bw-grip', this.root, { rx: 1 })];
    this.high = element('rect', 'bw-handle', this.root, { 'data-part': 'high' });
    this.low = element('rect', 'bw-handle', this.root, { 'data-part': 'low' });
    this.focusRing = element('rect', 'bw-focus', this.root, { rx: 2 });
    this.padlock = element('path', 'bw-padlock', this.root, { d: PADLOCK });
    this.name = element('text', 'bw-name', this.root);
    this.figures = FIGURES.map(figure => element('text', 'bw-figure', this.root, { 'text-anchor': figure.anchor }));
  }

  /** Places what depends on the size of the plot alone. */
  layout(geometry: Geometry): void {
    const { rowHeight, width } = geometry;
    const middle = rowHeight / 2;
    set(this.root, { transform: `translate(0, ${this.index * rowHeight})` });
    const [before, after] = [hasNames(geometry) ? geometry.margin.left : 0, hasFigures(geometry) ? geometry.margin.right : 0];
    const wide = { x: -before + 2, y: 1, width: width + before + after - 4, height: Math.max(rowHeight - 2, 0) };
    set(this.band, wide);
    set(this.focusRing, wide);
    for (const mask of [this.left, this.right]) {
      set(mask, { y: 0, height: rowHeight });
    }
    for (const rect of [this.frame, this.sign, this.body, this.high, this.low]) {
      set(rect, { y: INSET, height: Math.max(rowHeight - 2 * INSET, 0) });
    }
    for (const grip of this.grips) {
      set(grip, { y: rowHeight * 0.3, height: rowHeight * 0.4, width: 3 });
    }
    set(this.name, { x: -8, y: middle, display: hasNames(geometry) ? 'inline' : 'none' });
    this.figures.forEach((text, i) => {
      set(text, { x: width + (FIGURES[i]?.at ?? 0), y: middle, display: hasFigures(geometry) ? 'inline' : 'none' });
    });
    set(this.padlock, { transform: `translate(${4 - before}, ${middle - 5})` });
    set(this.signText, { y: middle });
    this.shownName = '';
  }

  /** Shows the row's state: after a change of the model, and with every snap of a drag. */
  update(model: BitWindowModel, geometry: Geometry): void {
    const row = model.rows[this.index];
    if (row === undefined) {
      return;
    }
    const classes = ['bw-row'];
    if (row.locked) classes.push('bw-locked');
    if (row.is_float) classes.push('bw-float');
    if (model.selected.includes(this.index)) classes.push('bw-selected');
    set(this.root, { class: classes.join(' ') });
    this.writeName(row.name, geometry);
    set(this.padlock, { display: row.locked ? 'inline' : 'none' });
    const counts = model.counts(this.index);
    this.drawWindow(model, geometry, row.is_float);
    this.writeFigures(model, counts);
    this.describe(model, counts);
  }

  private drawWindow(model: BitWindowModel, geometry: Geometry, isFloat: boolean): void {
    const type = model.typeOf(this.index);
    const { width, bitWidth } = geometry;
    for (const part of [this.sign, this.signText, this.frame, this.body, this.high, this.low, ...this.grips, this.right]) {
      set(part, { display: isFloat ? 'none' : 'inline' });
    }
    if (isFloat) {
      place(this.left, 0, width, width);
      return;
    }
    const from = leftOf(msbExponent(type), geometry);
    const to = leftOf(lsbExponent(type), geometry) + bitWidth;
    place(this.left, 0, from, width);
    place(this.right, to, width, width);
    place(this.frame, from, to, width);
    place(this.body, from, to, width);
    const reach = Math.min(HANDLE, bitWidth * 0.4);
    place(this.high, from - reach, from + reach, width);
    place(this.low, to - reach, to + reach, width);
    this.grips.forEach((grip, i) => {
      set(grip, { x: i === 0 ? from + 2.5 : to - 5.5, display: [from, to][i] === clampTo(width, [from, to][i]) ? 'inline' : 'none' });
    });
    const signed = type.signed && from - bitWidth > -0.5 && from <= width;
    set(this.sign, { display: signed ? 'inline' : 'none', x: from - bitWidth + 2, width: Math.max(bitWidth - 4, 0) });
    set(this.signText, { display: signed && bitWidth >= 9 ? 'inline' : 'none', x: from - bitWidth / 2 });
    write(this.signText, '±');
  }

  private writeFigures(model: BitWindowModel, counts: Counts | null): void {
    const row = model.rows[this.index];
    const whole = counts === null ? 0 : nonzero(counts);
    const texts: Record<Figure, string> = {
      type: row?.is_float === true ? 'float' : typeName(model.typeOf(this.index)),
      underflow: counts === null ? '' : compact(counts.underflow),
      underflow_share: counts === null ? '–' : percent(counts.underflow, whole),
      overflow: counts === null ? '' : compact(counts.overflow),
      overflow_share: counts === null ? '–' : percent(counts.overflow, whole),
      precision: row?.precision ?? ''
    };
    this.figures.forEach((text, i) => {
      const key = FIGURES[i]?.key ?? 'type';
      write(text, texts[key]);
      set(text, { class: `bw-figure bw-${key}${levelOf(key, model, counts, whole)}` });
    });
  }

  private describe(model: BitWindowModel, counts: Counts | null): void {
    const row = model.rows[this.index];
    const type = model.typeOf(this.index);
    if (row === undefined) {
      return;
    }
    set(this.root, {
      tabindex: this.index === Math.max(model.active, 0) ? 0 : -1,
      'aria-label': row.name,
      'aria-orientation': 'horizontal',
      'aria-valuemin': model.columns.low,
      'aria-valuemax': model.columns.high,
      'aria-valuenow': msbExponent(type),
      'aria-valuetext': row.is_float ? `${row.name}: float` : spoken(row.name, type, counts, row.locked),
      'aria-disabled': String(row.locked || row.is_float)
    });
  }

  private writeName(name: string, geometry: Geometry): void {
    if (name === this.shownName || !hasNames(geometry)) {
      return;
    }
    this.shownName = name;
    write(this.name, name);
    const room = geometry.margin.left - 26;
    const length = this.name.getComputedTextLength();
    if (length > room) {
      // the end tells kernel from bias, so the start is what goes
      write(this.name, `…${name.slice(name.length - Math.floor((name.length * room) / length) + 2)}`);
    }
  }

  readonly root: SVGGElement;
  private readonly band: SVGRectElement;
  private readonly left: SVGRectElement;
  private readonly right: SVGRectElement;
  private readonly sign: SVGRectElement;
  private readonly signText: SVGTextElement;
  private readonly frame: SVGRectElement;
  private readonly body: SVGRectElement;
  private readonly grips: readonly SVGRectElement[];
  private readonly high: SVGRectElement;
  private readonly low: SVGRectElement;
  private readonly focusRing: SVGRectElement;
  private readonly padlock: SVGPathElement;
  private readonly name: SVGTextElement;
  private readonly figures: readonly SVGTextElement[];
  private shownName = '';
}

export function hasNames(geometry: Geometry): boolean {
  return geometry.margin.left >= ROOM.left;
}

export function hasFigures(geometry: Geometry): boolean {
  return geometry.margin.right >= ROOM.right;
}

function clampTo(limit: number, value = 0): number {
  return Math.max(0, Math.min(limit, value));
}

function levelOf(key: Figure, model: BitWindowModel, counts: Counts | null, whole: number): string {
  if (counts !== null && key.startsWith('underflow') && counts.underflow > whole * model.read('underflow_threshold')) {
    return ' bw-warn';
  }
  if (counts !== null && key.startsWith('overflow') && counts.overflow > whole * model.read('overflow_threshold')) {
    return ' bw-alarm';
  }
  return '';
}
