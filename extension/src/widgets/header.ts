import { powerOfTwo } from '../core/words.js';
import { FIGURES, type Geometry, leftOf, ROOM } from './geometry.js';
import { hasFigures, hasNames } from './row_drawing.js';
import { element, write } from './svg.js';

const LABEL_WIDTH = 30;
const ABOVE = -12;

/** The exponents over the columns and the titles over the figures, where the margins have room for them. */
export class Header {
  constructor(parent: Element) {
    this.root = element('g', 'bw-header', parent, { 'aria-hidden': 'true' });
  }

  layout(geometry: Geometry): void {
    this.root.replaceChildren();
    if (geometry.margin.top < ROOM.top) {
      return;
    }
    const { high, low } = geometry.columns;
    const step = Math.max(1, Math.ceil(LABEL_WIDTH / Math.max(geometry.bitWidth, 1)));
    for (let exponent = low; exponent <= high; exponent++) {
      if (exponent % step === 0) {
        this.label(powerOfTwo(exponent), leftOf(exponent, geometry) + geometry.bitWidth / 2, 'middle');
      }
    }
    if (hasNames(geometry)) {
      this.label('site', -8, 'end');
    }
    for (const figure of hasFigures(geometry) ? FIGURES : []) {
      this.label(figure.title, geometry.width + figure.at, figure.anchor);
    }
  }

  private label(text: string, x: number, anchor: string): void {
    write(element('text', 'bw-head', this.root, { x, y: ABOVE, 'text-anchor': anchor }), text);
  }

  private readonly root: SVGGElement;
}
