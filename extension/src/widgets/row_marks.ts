import { msbExponent } from '../core/fixed_point.js';
import { placeOf, surpriseOf } from '../core/verdict.js';
import { type Geometry, leftOf, ROW_HEIGHT } from './geometry.js';
import type { BitWindowModel } from './model.js';
import { element, set } from './svg.js';

const RING = 2.6;
const CORNER = 7;

/** Small marks on the cells whose values do not all fare as the gray mask suggests; see `core/verdict.ts`. */
export class RowMarks {
  constructor(parent: Element, private readonly index: number) {
    this.kept = element('path', 'bw-kept', parent);
    this.lost = element('path', 'bw-lost', parent);
  }

  draw(model: BitWindowModel, geometry: Geometry): void {
    const { high, low } = model.columns;
    const type = model.typeOf(this.index);
    let [kept, lost] = ['', ''];
    for (let exponent = high; exponent >= low; exponent--) {
      const fates = model.fates(this.index, exponent);
      if (fates === null) {
        break;
      }
      const surprise = surpriseOf(placeOf(exponent, type), fates);
      const left = leftOf(exponent, geometry);
      if (surprise.kept > 0) {
        // in the sign bit's cell the middle is taken
        const isSign = type.signed && exponent === msbExponent(type) + 1;
        kept += isSign ? ring(left + geometry.bitWidth - RING - 1, RING + 2) : ring(left + geometry.bitWidth / 2, ROW_HEIGHT / 2);
      }
      if (surprise.lost > 0) {
        lost += corner(left + geometry.bitWidth, Math.min(CORNER, geometry.bitWidth * 0.6));
      }
    }
    set(this.kept, { d: kept });
    set(this.lost, { d: lost });
  }

  private readonly kept: SVGPathElement;
  private readonly lost: SVGPathElement;
}

function ring(middle: number, y: number): string {
  return `M${middle - RING} ${y}a${RING} ${RING} 0 1 0 ${2 * RING} 0a${RING} ${RING} 0 1 0 ${-2 * RING} 0`;
}

function corner(right: number, size: number): string {
  return `M${right} 2h${-size}l${size} ${size}z`;
}
