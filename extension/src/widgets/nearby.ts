import { html } from './html.js';
import { ROW_HEIGHT } from './geometry.js';

/** So far from what is to be seen, in pixels, a row is drawn beforehand. */
const MARGIN = 600;
/** So many places are watched as one: a browser looks at each thing that it watches in every frame. */
const BAND = 16;
/** So many bands are near until the browser has looked; a map of no more stands whole in the document. */
const FEW = 4;

/** Knows which places are far off the screen, whose rows need not be drawn. */
export class Nearby {
  constructor(private readonly root: Element, private readonly changed: () => void) {
    // rootMargin reaches beyond the window, scrollMargin beyond the boxes that scroll within it
    const margins = { rootMargin: `${MARGIN}px`, scrollMargin: `${MARGIN}px` };
    this.observer = new IntersectionObserver(entries => { this.moved(entries); }, margins);
  }

  /** Watches so many places, the first of them `top` pixels under the upper end of the root. */
  arrange(places: number, top: number): void {
    const wanted = Math.ceil(places / BAND);
    for (const band of this.bands.splice(wanted)) {
      this.observer.unobserve(band);
      this.near.delete(band);
      band.remove();
    }
    while (this.bands.length < wanted) {
      this.add();
    }
    this.bands.forEach((band, index) => {
      band.style.top = `${top + index * BAND * ROW_HEIGHT}px`;
      band.style.height = `${Math.min(BAND, places - index * BAND) * ROW_HEIGHT}px`;
    });
  }

  isFar(place: number): boolean {
    const band = this.bands[Math.floor(place / BAND)];
    return band === undefined || (this.bands.length > FEW && !this.near.has(band));
  }

  dispose(): void {
    this.observer.disconnect();
  }

  private add(): void {
    const band = html('div', 'bw-places', null, { 'aria-hidden': 'true' });
    if (this.bands.length < FEW) {
      this.near.add(band);
    }
    this.bands.push(band);
    this.root.prepend(band);
    this.observer.observe(band);
  }

  private moved(entries: readonly IntersectionObserverEntry[]): void {
    let news = false;
    for (const { target, isIntersecting } of entries) {
      if (this.near.has(target) !== isIntersecting) {
        news = true;
        this.near[isIntersecting ? 'add' : 'delete'](target);
      }
    }
    if (news) {
      this.changed();
    }
  }

  private readonly bands: HTMLElement[] = [];
  private readonly near = new Set<Element>();
  private readonly observer: IntersectionObserver;
}
