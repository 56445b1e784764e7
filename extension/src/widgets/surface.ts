import { type Geometry, ROW_HEIGHT } from './geometry.js';
import { LANE } from './strip_drawing.js';

/** What lies under the pointer: a shown row, and either a bit of it or its name or figures beside the bits. */
export interface Spot {
  readonly row: number;
  readonly zone: 'before' | 'bits' | 'after';
  readonly exponent: number;
  /** Whether it is on the lane at the row's foot where a strip is drawn. */
  readonly inLane: boolean;
}

/** Turns pointer positions into rows and bits of the view, whatever scroll and zoom lie between. */
export class Surface {
  constructor(private readonly root: HTMLElement) {
    // whatever scrolls may carry the view along
    window.addEventListener('scroll', () => { this.forget(); }, { signal: this.abort.signal, capture: true, passive: true });
    window.addEventListener('resize', () => { this.forget(); }, { signal: this.abort.signal });
  }

  arrange(geometry: Geometry, order: readonly number[]): void {
    this.geometry = geometry;
    this.order = order;
    this.forget();
  }

  /** Looks anew for where the view is on the screen. */
  forget(): void {
    this.known = null;
  }

  dispose(): void {
    this.abort.abort();
  }

  spot(event: MouseEvent): Spot | null {
    this.forget();
    const { geometry } = this;
    const { x, y, scale } = this.origin();
    const down = (event.clientY - y) / scale - (geometry?.top ?? 0);
    const row = this.order[Math.floor(down / ROW_HEIGHT)];
    if (geometry === null || row === undefined || down < 0) {
      return null;
    }
    const across = (event.clientX - x) / scale - geometry.bitsLeft;
    return {
      row,
      zone: across < 0 ? 'before' : across < geometry.bitsWidth ? 'bits' : 'after',
      exponent: geometry.bits.high - Math.floor(across / geometry.bitWidth),
      inLane: down % ROW_HEIGHT >= ROW_HEIGHT - LANE - 1
    };
  }

  /** The pointer's position in bits from the left edge of the bits. */
  bitAt(event: MouseEvent): number {
    const { geometry } = this;
    const { x, scale } = this.origin();
    return geometry === null ? 0 : ((event.clientX - x) / scale - geometry.bitsLeft) / geometry.bitWidth;
  }

  /** Where a row's upper edge is on the screen. */
  topOf(row: number): number {
    const { y, scale } = this.origin();
    return y + scale * ((this.geometry?.top ?? 0) + this.order.indexOf(row) * ROW_HEIGHT);
  }

  /** How many screen pixels a bit is wide. */
  get bitPixels(): number {
    return (this.geometry?.bitWidth ?? 1) * this.origin().scale;
  }

  /** Kept between questions: amid a drag each one would make the browser lay the page out first. */
  private origin(): Origin {
    this.known ??= originOf(this.root);
    return this.known;
  }

  private geometry: Geometry | null = null;
  private order: readonly number[] = [];
  private known: Origin | null = null;
  private readonly abort = new AbortController();
}

interface Origin {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

function originOf(root: HTMLElement): Origin {
  const { left, top, width } = root.getBoundingClientRect();
  return { x: left, y: top, scale: root.offsetWidth > 0 ? width / root.offsetWidth : 1 };
}
