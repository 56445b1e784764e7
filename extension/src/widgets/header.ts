import type { ColumnKey } from '../core/layout.js';
import { nextSort, type SortKey } from '../core/order.js';
import { powerOfTwo } from '../core/words.js';
import { type Geometry, leftOf } from './geometry.js';
import { button, html } from './html.js';
import type { BitWindowModel } from './model.js';

const LABEL_WIDTH = 30;

interface Title {
  readonly text: string;
  readonly sort: SortKey;
  readonly help: string;
}

const TITLES: Readonly<Partial<Record<ColumnKey, Title>>> = {
  name: { text: 'site', sort: 'name', help: 'name of the weight, bias, activation or input' },
  kind: { text: 'kind', sort: 'kind', help: 'input, weight, bias or activation' },
  type: { text: 'type', sort: 'type', help: 'fixed-point type' },
  minimum: { text: 'min', sort: 'minimum', help: 'least value' },
  maximum: { text: 'max', sort: 'maximum', help: 'greatest value' },
  zeros: { text: 'zeros', sort: 'zeros', help: 'share of all values that are exactly zero' },
  underflow: { text: 'underflow', sort: 'underflow', help: 'share of the nonzero values that become 0' },
  overflow: { text: 'overflow', sort: 'overflow', help: 'share of the nonzero values outside the range of the type' },
  rounded: { text: 'rounded', sort: 'rounded', help: 'values that change by rounding alone; shown where the count is exact' },
  sqnr: { text: 'SQNR', sort: 'sqnr', help: 'signal to quantization noise; ≈ marks an estimate' }
};

/** The line above the rows: the exponents over the bits, and titles that sort. It stays in view while the rows scroll. */
export class Header {
  constructor(parent: Element, private readonly model: BitWindowModel, private readonly sort: (key: SortKey) => void) {
    this.root = html('div', 'bw-header', parent);
  }

  layout(geometry: Geometry): void {
    this.root.replaceChildren();
    this.buttons.clear();
    this.exponents(geometry);
    for (const { key, left, width, anchor } of geometry.columns) {
      const title = TITLES[key];
      if (title !== undefined) {
        const made = button(this.root, 'bw-title', '', '', () => { this.sort(title.sort); });
        made.style.cssText = `left:${left}px;width:${width}px;text-align:${anchor}`;
        this.buttons.set(key, made);
      }
    }
    this.update();
  }

  /** Shows what the rows are sorted by; a paler arrow says that windows have moved since. */
  update(): void {
    const { sortBy, descending } = this.model.wish;
    for (const [key, made] of this.buttons) {
      const title = TITLES[key];
      if (title !== undefined) {
        const active = title.sort === sortBy;
        made.textContent = active ? `${title.text} ${descending ? '▾' : '▴'}` : title.text;
        made.classList.toggle('bw-sorted', active);
        made.classList.toggle('bw-stale', active && this.model.orderIsStale);
        made.title = `${title.help}; ${active && this.model.orderIsStale ? 'press to sort again' : 'press to sort'}`;
        made.setAttribute('aria-pressed', String(active));
        made.setAttribute('data-sort', title.sort);
      }
    }
  }

  private exponents(geometry: Geometry): void {
    const { high, low } = geometry.bits;
    const step = Math.max(1, Math.ceil(LABEL_WIDTH / Math.max(geometry.bitWidth, 1)));
    for (let exponent = low; exponent <= high; exponent++) {
      if (exponent % step === 0) {
        const label = html('span', 'bw-exponent', this.root, { 'aria-hidden': 'true' }, powerOfTwo(exponent));
        label.style.left = `${leftOf(exponent, geometry) + geometry.bitWidth / 2}px`;
      }
    }
  }

  private readonly root: HTMLElement;
  private readonly buttons = new Map<ColumnKey, HTMLButtonElement>();
}

/** The sort after a press on a title: an order that windows have left is taken up again before it is turned round. */
export function sortAfter(model: BitWindowModel, key: SortKey): ReturnType<typeof nextSort> | null {
  return model.wish.sortBy === key && model.orderIsStale ? null : nextSort(model.wish, key);
}
