import { Interaction } from 'bqplot';

import { Drag, isMovable, movingRows, shifted } from '../core/drag.js';
import { typeName } from '../core/fixed_point.js';
import { commandOf, KEY_HELP } from '../core/keys.js';
import type { Part } from '../core/moves.js';
import { cellText, grouped, nonzero, percent } from '../core/words.js';
import { type Geometry, geometryOf } from './geometry.js';
import { Header } from './header.js';
import { type BitWindowModel, FORMATS_EVENT } from './model.js';
import { RowDrawing } from './row_drawing.js';
import { chosen, stepped } from './selection.js';
import { addStyle } from './style.js';
import { element } from './svg.js';
import { Tip } from './tip.js';

/** Traits whose change alone redraws nothing. */
const SILENT = new Set(['request', 'acknowledged', 'tooltips']);

/** The bit windows over a heat map: a bqplot interaction that draws, drags and counts without the kernel. */
export class BitWindow extends Interaction {
  override initialize(parameters: Parameters<Interaction['initialize']>[0]): void {
    super.initialize(parameters);
    // bqplot's interaction is a <rect> over the plot; ours is a group, and bqplot's own layout of it goes nowhere.
    this.setElement(element('g', 'bitwindow') as unknown as HTMLElement);
    this.d3el = { attr: () => this.d3el, remove: () => { this.el.remove(); } };
    this.abort = new AbortController();
    this.tip = new Tip();
    this.rows = [];
  }

  override render(): void {
    super.render();
    addStyle();
    this.el.setAttribute('role', 'group');
    this.el.setAttribute('aria-label', 'Bit windows; press ? for the keys');
    this.header = new Header(this.el);
    this.rebuild();
    this.listenTo(this.state, 'change', () => { this.changed(); });
    this.listenTo(this.state, FORMATS_EVENT, (rows: number[]) => { this.refresh(rows); });
    // bqplot's figure does not remove its interaction when it goes
    this.listenToOnce(this.parent, 'remove', () => { this.remove(); });
    this.listen();
  }

  override relayout(): void {
    if (this.header !== undefined) {
      this.layout();
    }
  }

  override remove(): void {
    this.abort.abort();
    this.tip.remove();
    super.remove();
  }

  private get state(): BitWindowModel {
    return this.model;
  }

  private listen(): void {
    const options = { signal: this.abort.signal };
    this.el.addEventListener('pointerdown', event => { this.press(event); }, options);
    this.el.addEventListener('pointermove', event => { this.pointerMoved(event); }, options);
    this.el.addEventListener('pointerup', event => { this.release(event); }, options);
    this.el.addEventListener('pointercancel', () => { this.cancel(); }, options);
    this.el.addEventListener('lostpointercapture', () => { this.end(); }, options);
    this.el.addEventListener('dblclick', event => { this.reset(event); }, options);
    this.el.addEventListener('keydown', event => { this.pressKey(event); }, options);
    this.el.addEventListener('focusout', () => { this.tip.hide(); }, options);
    const figure = this.parent.el;
    figure.addEventListener('click', event => { this.click(event); }, { ...options, capture: true });
    figure.addEventListener('pointermove', event => { this.hover(event); }, { ...options, capture: true });
    figure.addEventListener('pointerleave', () => { this.leave(); }, options);
  }

  private rebuild(): void {
    for (const row of this.rows) {
      row.root.remove();
    }
    this.rows = this.state.rows.map((_, index) => new RowDrawing(this.el, index));
    this.layout();
  }

  private layout(): void {
    this.geometry = geometryOf(this.parent, this.rows.length, this.state.columns);
    this.header?.layout(this.geometry);
    for (const row of this.rows) {
      row.layout(this.geometry);
      row.update(this.state, this.geometry);
    }
  }

  private refresh(rows: readonly number[]): void {
    for (const index of rows) {
      this.rows[index]?.update(this.state, this.geometry);
    }
  }

  private changed(): void {
    const names = Object.keys(this.state.changedAttributes() || {}).filter(name => !SILENT.has(name));
    if (names.length === 0) {
      return;
    }
    if (this.rows.length !== this.state.rows.length) {
      this.rebuild();
    } else if (names.some(name => name.startsWith('exponent'))) {
      this.layout();
    } else {
      this.refresh(this.rows.map(row => row.index));
    }
  }

  private press(event: PointerEvent): void {
    const target = event.target as Element;
    const part = target.getAttribute('data-part') as Part | null;
    const row = this.rowOf(target);
    if (part === null || row === null || event.button !== 0 || this.drag !== null) {
      return;
    }
    event.stopPropagation();
    event.preventDefault();
    if (!this.state.selected.includes(row) || event.shiftKey || event.ctrlKey || event.metaKey) {
      this.choose(row, event);
    }
    this.focus(row);
    this.drag = Drag.begin(this.state.dragRows, this.state.selected, row, part, this.bitAt(event), this.state.columns);
    if (this.drag !== null) {
      this.el.setPointerCapture(event.pointerId);
      this.el.classList.add('bw-dragging');
    }
  }

  private pointerMoved(event: PointerEvent): void {
    if (this.drag === null) {
      return;
    }
    event.stopPropagation();
    const formats = this.drag.move(this.bitAt(event));
    if (formats !== null) {
      this.state.propose(formats, true, this.callbacks());
    }
    this.tip.show(this.rowText(this.drag.row), event.clientX, this.rowTop(this.drag.row));
  }

  private release(event: PointerEvent): void {
    if (this.drag !== null) {
      this.el.releasePointerCapture(event.pointerId);
      this.end();
    }
  }

  private cancel(): void {
    if (this.drag !== null) {
      this.state.propose(this.drag.cancel(), false, this.callbacks());
    }
    this.end();
  }

  private end(): void {
    this.drag = null;
    this.el.classList.remove('bw-dragging');
    this.tip.hide();
    this.state.drop(this.callbacks());
  }

  private reset(event: MouseEvent): void {
    const row = this.isOurs(event) ? this.rowAt(event) : null;
    if (row !== null) {
      this.state.act('reset', movingRows(this.state.dragRows, this.state.selected, row), this.callbacks());
    }
  }

  /** A click on a cell outside the windows, which belongs to the heat map and goes on to it. */
  private click(event: MouseEvent): void {
    const row = this.rowAt(event);
    if (row !== null && !this.isOurs(event)) {
      this.choose(row, event);
      this.focus(row);
    }
  }

  private choose(row: number, event: MouseEvent): void {
    const selected = chosen(this.state.selected, this.state.active, row, {
      extend: event.shiftKey,
      toggle: event.ctrlKey || event.metaKey
    });
    this.state.choose(selected, row, this.callbacks());
  }

  private pressKey(event: KeyboardEvent): void {
    const command = commandOf(event);
    const row = Math.max(this.state.active, 0);
    if (command === null || this.rows.length === 0) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    switch (command.kind) {
      case 'move': {
        const rows = this.state.dragRows;
        const moving = movingRows(rows, this.state.selected, row);
        this.state.propose(shifted(rows, moving, command.part, command.bits, this.state.columns), false, this.callbacks());
        this.showBeside(row, this.rowText(row));
        break;
      }
      case 'row':
        this.go(row + command.step, command.extend);
        break;
      case 'edge':
        this.go(command.end === 'first' ? 0 : this.rows.length - 1, false);
        break;
      case 'select':
        this.state.choose(command.rows === 'all' ? this.rows.map(r => r.index) : [row], row, this.callbacks());
        break;
      case 'lock':
        this.lock(row);
        break;
      case 'action':
        this.state.act(command.action, movingRows(this.state.dragRows, this.state.selected, row), this.callbacks());
        break;
      case 'help':
        this.showBeside(row, KEY_HELP.map(([keys, meaning]) => `${keys}: ${meaning}`).join('\n'));
        break;
      case 'escape':
        this.cancel();
        break;
    }
  }

  private go(row: number, extend: boolean): void {
    const to = Math.max(0, Math.min(this.rows.length - 1, row));
    this.tip.hide();
    this.state.choose(stepped(this.state.selected, to, extend), to, this.callbacks());
    this.focus(to);
  }

  private lock(row: number): void {
    const selected = this.state.selected.includes(row) ? this.state.selected : [row];
    this.state.act(this.state.rows[row]?.locked === true ? 'unlock' : 'lock', selected, this.callbacks());
  }

  private focus(row: number): void {
    this.rows[row]?.root.focus({ preventScroll: true });
  }

  private hover(event: PointerEvent): void {
    if (this.drag !== null) {
      return;
    }
    const row = this.rowAt(event);
    if (row === null || !(this.isOurs(event) || this.state.read('tooltips'))) {
      this.leave();
      return;
    }
    const exponent = this.state.columns.high - Math.floor(this.bitAt(event));
    const cell = cellText(exponent, this.state.bit(row, exponent), this.state.rows[row]?.total ?? 0);
    this.hovering = true;
    this.tip.show(`${this.state.rows[row]?.name ?? ''}\n${cell}`, event.clientX, event.clientY);
  }

  private leave(): void {
    if (this.hovering) {
      this.hovering = false;
      this.tip.hide();
    }
  }

  private rowText(row: number): string {
    const site = this.state.rows[row];
    const counts = this.state.counts(row);
    if (site === undefined || !isMovable(this.state.dragRows[row])) {
      return `${site?.name ?? ''}: ${site?.is_float === true ? 'float' : 'locked'}\n${site?.note ?? ''}`;
    }
    const head = `${site.name}  ${typeName(this.state.typeOf(row))}`;
    if (counts === null) {
      return `${head}\ncounts depend on the random bits of a run`;
    }
    const whole = nonzero(counts);
    return (
      `${head}\nunderflow ${grouped(counts.underflow)}  (${percent(counts.underflow, whole)})` +
      `\noverflow ${grouped(counts.overflow)}  (${percent(counts.overflow, whole)})`
    );
  }

  private showBeside(row: number, text: string): void {
    const box = this.rows[row]?.root.getBoundingClientRect();
    if (box !== undefined) {
      this.tip.show(text, box.left + box.width / 2, box.top);
    }
  }

  private rowTop(row: number): number {
    return this.origin().y + row * this.geometry.rowHeight;
  }

  /** Whether an event happened on a window: after a capture its target is the whole group. */
  private isOurs(event: MouseEvent): boolean {
    return event.target === this.el || (event.target as Element).hasAttribute('data-part');
  }

  private rowOf(target: Element): number | null {
    const row = target.closest('.bw-row')?.getAttribute('data-row');
    return row === null || row === undefined ? null : Number(row);
  }

  /** The row under the pointer, anywhere in the plot. */
  private rowAt(event: MouseEvent): number | null {
    const { x, y, scale } = this.origin();
    const across = (event.clientX - x) / scale;
    const row = Math.floor((event.clientY - y) / scale / this.geometry.rowHeight);
    return across >= 0 && across < this.geometry.width && row >= 0 && row < this.rows.length ? row : null;
  }

  /** The pointer's position in bits from the left edge. */
  private bitAt(event: MouseEvent): number {
    const { x, scale } = this.origin();
    return (event.clientX - x) / scale / this.geometry.bitWidth;
  }

  private origin(): { x: number; y: number; scale: number } {
    const matrix = (this.el as unknown as SVGGElement).getScreenCTM();
    return { x: matrix?.e ?? 0, y: matrix?.f ?? 0, scale: matrix?.a ?? 1 };
  }

  // Backbone's constructor calls initialize() before class fields would be set, so these are only declared.
  declare model: BitWindowModel;
  declare private abort: AbortController;
  declare private tip: Tip;
  declare private rows: RowDrawing[];
  declare private geometry: Geometry;
  declare private header: Header | undefined;
  declare private hovering: boolean;
  private get drag(): Drag | null {
    return this._drag ?? null;
  }
  private set drag(drag: Drag | null) {
    this._drag = drag;
  }
  declare private _drag: Drag | null | undefined;
}
