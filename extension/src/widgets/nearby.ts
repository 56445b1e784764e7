/** So far from what is to be seen, in pixels, a row is drawn beforehand. */
const MARGIN = 600;

/** Knows which rows are far off the screen. Not drawn, they cost a frame of a drag nothing, however many there are. */
export class Nearby {
  constructor(private readonly changed: (rows: readonly number[]) => void) {
    // rootMargin reaches beyond the window, scrollMargin beyond the boxes that scroll within it
    const margins = { rootMargin: `${MARGIN}px`, scrollMargin: `${MARGIN}px` };
    this.observer = new IntersectionObserver(entries => { this.moved(entries); }, margins);
  }

  /** Watches other rows than before; until the browser has looked at them, all are near. */
  watch(rows: readonly Element[]): void {
    this.observer.disconnect();
    this.far.clear();
    this.indices = new Map(rows.map((row, index) => [row, index]));
    rows.forEach(row => { this.observer.observe(row); });
  }

  isFar(row: number): boolean {
    return this.far.has(row);
  }

  dispose(): void {
    this.observer.disconnect();
  }

  private moved(entries: readonly IntersectionObserverEntry[]): void {
    const changed: number[] = [];
    for (const { target, isIntersecting } of entries) {
      const row = this.indices.get(target);
      if (row !== undefined && this.far.has(row) === isIntersecting) {
        changed.push(row);
        if (isIntersecting) {
          this.far.delete(row);
        } else {
          this.far.add(row);
        }
      }
    }
    if (changed.length > 0) {
      this.changed(changed);
    }
  }

  private indices: ReadonlyMap<Element, number> = new Map();
  private readonly far = new Set<number>();
  private readonly observer: IntersectionObserver;
}
