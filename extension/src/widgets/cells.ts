import type { FigureView } from 'bqplot';

import { type Geometry, ROW_HEIGHT } from './geometry.js';
import { set } from './svg.js';

/**
 * Puts the heat map's own cells where the rows of the view are: bqplot's GridHeatMap draws its rows in the order of the
 * data over the whole plot, and this view moves, hides and scales its row groups, so that filter and sort need no kernel
 * and two views of one model may differ in width. The mark puts its groups back whenever it draws, which is watched.
 */
export class Cells {
  constructor(private readonly figure: FigureView) {
    this.observer.observe(figure.fig_marks.node(), {
      subtree: true,
      childList: true,
      attributes: true,
      attributeFilter: ['transform']
    });
  }

  /** `isFar` tells which rows need not be drawn. */
  arrange(geometry: Geometry, order: readonly number[], rows: number, isFar: (row: number) => boolean): void {
    this.wanted = { geometry, order, rows, isFar };
    this.apply();
  }

  dispose(): void {
    this.observer.disconnect();
  }

  private apply(): void {
    const groups = this.figure.fig_marks.node().querySelectorAll('.heatmaprow');
    const mark = groups[0]?.parentElement;
    if (this.wanted === null || mark === null || mark === undefined) {
      return;
    }
    const { geometry, order, rows, isFar } = this.wanted;
    const { plot } = geometry;
    const drawn = plot.height / Math.max(rows, 1);
    const scale = `scale(${geometry.bitsWidth / Math.max(plot.width, 1)}, ${ROW_HEIGHT / Math.max(drawn, 1e-9)})`;
    set(mark, { transform: `translate(${geometry.bitsLeft - plot.left}, ${geometry.top - plot.top}) ${scale}` });
    const places = new Map(order.map((index, place) => [index, place]));
    groups.forEach((group, index) => {
      const place = places.get(index);
      set(group, place === undefined || isFar(index) ? { display: 'none' } : { display: 'inline', transform: `translate(0, ${place * drawn})` });
    });
    // what was written just now is not news
    this.observer.takeRecords();
  }

  private readonly observer = new MutationObserver(() => { this.apply(); });
  private wanted: Wanted | null = null;
}

interface Wanted {
  readonly geometry: Geometry;
  readonly order: readonly number[];
  readonly rows: number;
  readonly isFar: (row: number) => boolean;
}
