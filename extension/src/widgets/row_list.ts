import type { Geometry } from './geometry.js';
import type { BitWindowModel } from './model.js';
import { Nearby } from './nearby.js';
import { RowDrawing } from './row_drawing.js';
import { set } from './svg.js';

/**
 * The rows that stand in the document: those near the screen, and the one that Tab comes to. The others cost a frame of a
 * drag nothing, however many there are.
 */
export class RowList {
  /** `moved` is called when other rows are near than before. */
  constructor(private readonly root: HTMLElement, private readonly model: BitWindowModel, moved: () => void) {
    this.nearby = new Nearby(root, () => { this.sync(); moved(); });
  }

  /** Draws every row anew, of other sites or in a view of another size. */
  draw(geometry: Geometry, font: string): void {
    [this.geometry, this.font] = [geometry, font];
    const before = [...this.drawn.keys()];
    this.drawn.forEach(row => { row.layout(geometry); });
    this.arrange();
    this.refresh(before);
  }

  /** Puts the shown rows in their order. */
  arrange(): void {
    const { order } = this.model;
    this.places = new Map(order.map((index, place) => [index, place]));
    if (this.geometry !== null) {
      this.nearby.arrange(order.length, this.geometry.top);
    }
    this.sync();
  }

  /** Shows the state of some rows, as far as they are drawn. */
  refresh(rows: readonly number[]): void {
    if (this.geometry !== null) {
      for (const index of rows) {
        this.drawn.get(index)?.update(this.model, this.geometry, this.font);
      }
    }
  }

  /** Takes rows in and out, and lets Tab come to the active one, or to the first one when that is filtered out. */
  sync(): void {
    const { order, active } = this.model;
    const tabbed = order.includes(active) ? active : order[0];
    for (const [index, row] of this.drawn) {
      if (index !== tabbed && this.isFar(index)) {
        this.drawn.delete(index);
        row.root.remove();
      }
    }
    order.forEach(index => {
      if (index === tabbed || !this.isFar(index)) {
        this.put(index);
      }
    });
    this.drawn.forEach(({ root }, index) => { set(root, { tabindex: index === tabbed ? 0 : -1 }); });
  }

  /** Whether a row is filtered out or far off the screen. */
  isFar(row: number): boolean {
    const place = this.places.get(row);
    return place === undefined || this.nearby.isFar(place);
  }

  elementOf(row: number): SVGSVGElement | null {
    return this.drawn.get(row)?.root ?? null;
  }

  clear(): void {
    this.drawn.forEach(({ root }) => { root.remove(); });
    this.drawn.clear();
  }

  dispose(): void {
    this.nearby.dispose();
  }

  private put(index: number): void {
    const { geometry } = this;
    const place = this.places.get(index);
    if (geometry === null || place === undefined) {
      return;
    }
    let row = this.drawn.get(index);
    if (row === undefined) {
      row = new RowDrawing(index);
      row.layout(geometry);
      row.update(this.model, geometry, this.font);
      this.root.insertBefore(row.root, this.after(index));
      this.drawn.set(index, row);
    }
    row.put(place, geometry);
  }

  /** What a row stands before: a screen reader meets the rows in the network's order. */
  private after(index: number): Element | null {
    let next: RowDrawing | null = null;
    for (const row of this.drawn.values()) {
      if (row.index > index && (next === null || row.index < next.index)) {
        next = row;
      }
    }
    return next?.root ?? null;
  }

  private geometry: Geometry | null = null;
  private font = '';
  private places: ReadonlyMap<number, number> = new Map();
  private readonly drawn = new Map<number, RowDrawing>();
  private readonly nearby: Nearby;
}
