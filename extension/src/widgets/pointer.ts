import { Drag } from '../core/drag.js';
import type { Part } from '../core/moves.js';
import { lsbExponent, msbExponent } from '../core/fixed_point.js';
import { chosen } from '../core/selection.js';
import { typeOfCell } from '../core/strip.js';
import type { Host } from './host.js';
import { cellAt } from './strip_drawing.js';
import { cellTip, moveTip, rowTip, stripTip } from './tips.js';

/** A finger is broader than an edge: this near to one, in pixels, a touch takes it. */
const FINGER = 14;
/**
 * Chromium holds moves back for its next frame and tells of them as they come by this event. The first one that snaps is
 * followed at once, so that its work is done when the frame begins; the rest of the frame's wait for the ordinary move.
 */
const RAW = 'pointerrawupdate';
/** The second click of a double click is no reset when the first one moved the window there, in milliseconds. */
const DOUBLE_CLICK = 700;

/** Mouse, pen and touch: drags windows, selects rows, tells what lies under the pointer. */
export class PointerControl {
  constructor(private readonly host: Host, signal: AbortSignal) {
    const { root, figure } = host;
    root.addEventListener('pointerdown', event => { this.press(event); }, { signal });
    root.addEventListener('pointermove', event => { this.move(event); }, { signal });
    root.addEventListener('pointerup', event => { this.release(event); }, { signal });
    root.addEventListener('pointercancel', () => { this.cancel(); }, { signal });
    root.addEventListener('lostpointercapture', () => { this.end(); }, { signal });
    root.addEventListener('dblclick', event => { this.reset(event); }, { signal });
    figure.addEventListener('click', event => { this.click(event); }, { signal, capture: true });
    figure.addEventListener('pointermove', event => { this.hover(event); }, { signal, capture: true });
    figure.addEventListener('pointerleave', () => { this.leave(); }, { signal });
  }

  /** Takes a drag that is under way back to where it began. */
  cancel(): void {
    if (this.drag !== null) {
      this.host.model.propose(this.drag.cancel(), false, this.host.callbacks());
    }
    this.end();
  }

  private press(event: PointerEvent): void {
    const target = event.target as Element;
    const row = rowOf(target);
    if (!target.hasAttribute('data-part') || row === null || event.button !== 0 || this.drag !== null) {
      return;
    }
    event.stopPropagation();
    event.preventDefault();
    const { model } = this.host;
    if (!model.selected.includes(row) || event.shiftKey || event.ctrlKey || event.metaKey) {
      this.choose(row, event);
    } else if (model.active !== row) {
      model.choose(model.selected, row, this.host.callbacks());
    }
    this.host.focus(row);
    this.host.surface.forget();
    this.drag = Drag.begin(model.dragRows, model.movingWith(row), row, this.partAt(row, event), this.host.surface.bitAt(event), model.columns);
    if (this.drag !== null) {
      this.early = false;
      this.host.root.addEventListener(RAW, this.moveEarly);
      this.host.root.setPointerCapture(event.pointerId);
      this.host.root.classList.add('bw-dragging');
    }
  }

  private partAt(row: number, event: PointerEvent): Part {
    const pressed = (event.target as Element).getAttribute('data-part') as Part;
    if (event.pointerType === 'mouse') {
      return pressed;
    }
    const { model, surface } = this.host;
    const type = model.typeOf(row);
    const at = surface.bitAt(event);
    const near = FINGER / Math.max(surface.bitPixels, 1);
    const high = Math.abs(at - (model.columns.high - msbExponent(type)));
    const low = Math.abs(at - (model.columns.high - lsbExponent(type) + 1));
    return Math.min(high, low) > near ? 'body' : high < low ? 'high' : 'low';
  }

  private move(event: PointerEvent): void {
    this.early = false;
    if (this.drag !== null) {
      event.stopPropagation();
      this.follow(event, this.drag);
    }
  }

  /** Lets the window follow the hand; tells whether it snapped to another bit. */
  private follow(event: PointerEvent, drag: Drag): boolean {
    const { model, surface, tip } = this.host;
    // both places are asked for before anything changes: after it the browser would have to lay the page out first
    const [at, top] = [surface.bitAt(event), surface.topOf(drag.row)];
    const formats = drag.move(at);
    if (formats !== null) {
      model.propose(formats, true, this.host.callbacks());
    }
    tip.show(moveTip(model, drag.row), event.clientX, top);
    return formats !== null;
  }

  private release(event: PointerEvent): void {
    if (this.drag !== null) {
      this.host.root.releasePointerCapture(event.pointerId);
      this.end();
    }
  }

  private end(): void {
    if (this.drag !== null) {
      this.drag = null;
      this.host.root.removeEventListener(RAW, this.moveEarly);
      this.host.root.classList.remove('bw-dragging');
      this.host.tip.hide();
      this.host.model.drop(this.host.callbacks());
    }
  }

  private reset(event: MouseEvent): void {
    const row = this.isOurs(event) ? (this.host.surface.spot(event)?.row ?? null) : null;
    if (row !== null && event.timeStamp - this.jumpedAt > DOUBLE_CLICK) {
      this.host.model.act('reset', this.host.model.movingWith(row), this.host.callbacks());
    }
  }

  /** A click beside the windows, which belongs to the heat map too and goes on to it. */
  private click(event: MouseEvent): void {
    const spot = this.host.isAbove(event.target) ? null : this.host.surface.spot(event);
    if (spot === null || this.isOurs(event)) {
      return;
    }
    const { model } = this.host;
    const wasActive = model.active === spot.row;
    this.choose(spot.row, event);
    this.host.focus(spot.row);
    const found = wasActive && spot.zone === 'bits' && spot.inLane ? model.strip(spot.row) : null;
    const cell = found === null || found.stale ? null : cellAt(found.strip, spot.exponent);
    if (found !== null && cell !== null && model.rows[spot.row]?.locked === false) {
      this.jumpedAt = event.timeStamp;
      model.propose(new Map([[spot.row, typeOfCell(found.strip, cell)]]), false, this.host.callbacks());
    }
  }

  private choose(row: number, event: MouseEvent): void {
    const { model } = this.host;
    const how = { extend: event.shiftKey, toggle: event.ctrlKey || event.metaKey };
    model.choose(chosen(model.selected, model.active, row, model.order, how), row, this.host.callbacks());
  }

  private hover(event: PointerEvent): void {
    if (this.drag !== null) {
      return;
    }
    const { model, surface, tip } = this.host;
    const spot = this.host.isAbove(event.target) ? null : surface.spot(event);
    if (spot === null || !(model.read('tooltips') || this.isOurs(event) || spot.zone !== 'bits')) {
      this.leave();
      return;
    }
    this.hovering = true;
    const strip = spot.zone === 'bits' && spot.inLane && model.active === spot.row ? stripTip(model, spot.row, spot.exponent) : null;
    const text = spot.zone === 'bits' ? cellTip(model, spot.row, spot.exponent) : rowTip(model, spot.row);
    tip.show(strip ?? text, event.clientX, event.clientY);
  }

  private leave(): void {
    if (this.hovering) {
      this.hovering = false;
      this.host.tip.hide();
    }
  }

  /** Whether an event happened on a window: after a capture its target is the whole group. */
  private isOurs(event: MouseEvent): boolean {
    return event.target === this.host.root || (event.target as Element).hasAttribute('data-part');
  }

  private readonly moveEarly = (event: Event): void => {
    if (this.drag !== null && !this.early) {
      this.early = this.follow(event as PointerEvent, this.drag);
    }
  };

  private drag: Drag | null = null;
  /** Whether the window has snapped since the last ordinary move. */
  private early = false;
  private hovering = false;
  private jumpedAt = -Infinity;
}

function rowOf(target: Element): number | null {
  const row = target.closest('.bw-row')?.getAttribute('data-row');
  return row === null || row === undefined ? null : Number(row);
}
