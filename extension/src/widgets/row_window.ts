import { type FixedPoint, lsbExponent, msbExponent } from '../core/fixed_point.js';
import { type Geometry, leftOf, ROW_HEIGHT } from './geometry.js';
import { element, place, set, write } from './svg.js';

const HANDLE = 7;
const INSET = 1.5;

/** A row's window: the gray mask outside it, its frame and sign bit, and what the pointer can hold. */
export class RowWindow {
  /** `between` is put over the mask and under the frame. */
  constructor(parent: Element, between: Element) {
    const tall = { y: 0, height: ROW_HEIGHT };
    const inner = { y: INSET, height: ROW_HEIGHT - 2 * INSET };
    this.left = element('rect', 'bw-mask', parent, tall);
    this.right = element('rect', 'bw-mask', parent, tall);
    parent.appendChild(between);
    this.sign = element('rect', 'bw-sign', parent, { rx: 2, ...inner });
    this.signText = element('text', 'bw-sign-text', parent, { y: ROW_HEIGHT / 2 });
    this.frame = element('rect', 'bw-frame', parent, { rx: 3, ...inner });
    this.body = element('rect', 'bw-body', parent, { 'data-part': 'body', ...inner });
    const grip = { rx: 1, y: ROW_HEIGHT * 0.3, height: ROW_HEIGHT * 0.4, width: 3 };
    this.further = element('path', 'bw-further', parent);
    this.grips = [element('rect', 'bw-grip', parent, grip), element('rect', 'bw-grip', parent, grip)];
    this.high = element('rect', 'bw-handle', parent, { 'data-part': 'high', ...inner });
    this.low = element('rect', 'bw-handle', parent, { 'data-part': 'low', ...inner });
    write(this.signText, '±');
  }

  draw(type: FixedPoint, isFloat: boolean, geometry: Geometry): void {
    for (const part of [this.sign, this.signText, this.frame, this.body, this.high, this.low, this.further, ...this.grips, this.right]) {
      set(part, { display: isFloat ? 'none' : 'inline' });
    }
    const ends = { least: geometry.bitsLeft, most: geometry.bitsLeft + geometry.bitsWidth };
    if (isFloat) {
      place(this.left, ends.least, ends.most, ends);
      return;
    }
    const from = leftOf(msbExponent(type), geometry);
    const to = leftOf(lsbExponent(type), geometry) + geometry.bitWidth;
    place(this.left, ends.least, from, ends);
    place(this.right, to, ends.most, ends);
    place(this.frame, from, to, ends);
    place(this.body, from, to, ends);
    const reach = Math.min(HANDLE, geometry.bitWidth * 0.4);
    place(this.high, from - reach, from + reach, ends);
    place(this.low, to - reach, to + reach, ends);
    set(this.further, { d: (from < ends.least - 0.5 ? arrow(ends.least + 3, 4) : '') + (to > ends.most + 0.5 ? arrow(ends.most - 3, -4) : '') });
    this.grip(0, from + 2.5, from, ends);
    this.grip(1, to - 5.5, to, ends);
    this.drawSign(type.signed && from - geometry.bitWidth > ends.least - 0.5 && from <= ends.most + 0.5, from, geometry.bitWidth);
  }

  private grip(index: 0 | 1, x: number, edge: number, ends: { readonly least: number; readonly most: number }): void {
    const grip = this.grips[index];
    if (grip !== undefined) {
      set(grip, { x, display: edge >= ends.least && edge <= ends.most + 0.5 ? 'inline' : 'none' });
    }
  }

  private drawSign(shown: boolean, from: number, bitWidth: number): void {
    set(this.sign, { display: shown ? 'inline' : 'none', x: from - bitWidth + 1, width: Math.max(bitWidth - 2, 0) });
    set(this.signText, { display: shown && bitWidth >= 9 ? 'inline' : 'none', x: from - bitWidth / 2 });
  }

  private readonly left: SVGRectElement;
  private readonly right: SVGRectElement;
  private readonly sign: SVGRectElement;
  private readonly signText: SVGTextElement;
  private readonly frame: SVGRectElement;
  private readonly body: SVGRectElement;
  /** Arrows where the window goes on beyond the columns. */
  private readonly further: SVGPathElement;
  private readonly grips: readonly SVGRectElement[];
  private readonly high: SVGRectElement;
  private readonly low: SVGRectElement;
}

/** A triangle with its tip at x. */
function arrow(x: number, length: number): string {
  return `M${x} ${ROW_HEIGHT / 2}l${length} -4v8z`;
}
