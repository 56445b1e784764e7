import { lsbExponent, msbExponent } from '../core/fixed_point.js';
import { isExact, qualityOf, typeOfCell } from '../core/strip.js';
import type { Strip, StripCell } from '../core/wire.js';
import { type Geometry, leftOf, ROW_HEIGHT } from './geometry.js';
import { element, set } from './svg.js';

/** The lane at the foot of the row, in pixels. */
export const LANE = 11;
/** Viridis, from far below the float network to as good: it differs in lightness, so it reads without colour vision. */
const COLOURS: readonly (readonly [number, number, number])[] = [
  [68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]
];

/**
 * The accuracy of a row's window at other positions: one bar under the top bit of each, its height and colour the figure
 * relative to the float network. An estimate is paler and carries its interval as a whisker; a cross marks a position
 * given up early.
 */
export class StripDrawing {
  constructor(parent: Element) {
    this.root = element('g', 'bw-strip', parent, { 'aria-hidden': 'true' });
  }

  clear(): void {
    if (this.shown !== null) {
      this.shown = null;
      this.root.replaceChildren();
    }
  }

  draw(strip: Strip, geometry: Geometry, stale: boolean): void {
    set(this.root, { class: `bw-strip${stale ? ' bw-stale' : ''}` });
    const key = `${geometry.bitsLeft} ${geometry.bitWidth} ${geometry.bits.high} ${geometry.bits.low}`;
    if (this.shown?.strip === strip && this.shown.key === key) {
      return;
    }
    this.shown = { strip, key };
    this.root.replaceChildren();
    element('rect', 'bw-lane', this.root, { x: geometry.bitsLeft, y: TOP, width: geometry.bitsWidth, height: LANE });
    for (const cell of strip.cells) {
      const exponent = msbExponent(typeOfCell(strip, cell));
      if (cell.value !== null && exponent <= geometry.bits.high && exponent >= geometry.bits.low) {
        this.bar(strip, cell, leftOf(exponent, geometry), geometry.bitWidth);
      }
    }
  }

  private bar(strip: Strip, cell: StripCell, left: number, width: number): void {
    const quality = qualityOf(strip, cell.value);
    const level = heightOf(quality);
    const exact = isExact(strip, cell);
    element('rect', `bw-bar-cell${exact ? ' bw-exact' : ''}`, this.root, {
      x: left + 1, y: TOP + LANE - level, width: Math.max(width - 2, 1), height: level,
      fill: quality === null ? 'none' : colourOf(quality),
      // between 256 samples and all of them the bar gains its full colour
      'fill-opacity': exact ? 1 : 0.35 + 0.4 * Math.min(1, cell.n / Math.max(strip.total, 1))
    });
    const middle = left + width / 2;
    if (cell.dropped) {
      const y = TOP + LANE / 2;
      element('path', 'bw-dropped', this.root, { d: `M${middle - 2.5} ${y - 2.5}l5 5m0 -5l-5 5` });
    } else if (!exact && cell.interval !== null) {
      const [low, high] = cell.interval.map(end => TOP + LANE - heightOf(qualityOf(strip, end)));
      element('path', 'bw-whisker', this.root, { d: `M${middle} ${low ?? 0}V${high ?? 0}m-2 0h4M${middle - 2} ${low ?? 0}h4` });
    }
  }

  private shown: { readonly strip: Strip; readonly key: string } | null = null;
  private readonly root: SVGGElement;
}

const TOP = ROW_HEIGHT - LANE - 1;

function heightOf(quality: number | null): number {
  return 1.5 + (LANE - 1.5) * (quality ?? 0);
}

export function colourOf(quality: number): string {
  const place = Math.max(0, Math.min(1, quality)) * (COLOURS.length - 1);
  const at = Math.min(Math.floor(place), COLOURS.length - 2);
  const [from, to] = [COLOURS[at] ?? [0, 0, 0], COLOURS[at + 1] ?? [0, 0, 0]];
  return `rgb(${from.map((channel, i) => Math.round(channel + ((to[i] ?? 0) - channel) * (place - at))).join(',')})`;
}

/** The cell of a strip whose top bit is at an exponent. */
export function cellAt(strip: Strip, exponent: number): StripCell | null {
  return strip.cells.find(cell => msbExponent(typeOfCell(strip, cell)) === exponent) ?? null;
}

/** The window that a cell stands for, in words. */
export function windowText(strip: Strip, cell: StripCell): string {
  const type = typeOfCell(strip, cell);
  return `window 2^${msbExponent(type)} to 2^${lsbExponent(type)}`;
}
