import { Interaction } from 'bqplot';

import { emptyText, nextSort, type SortKey } from '../core/order.js';
import { membersOf } from '../core/selection.js';
import { Bar } from './bar.js';
import { Cells } from './cells.js';
import { BOTTOM, type Geometry, geometryOf, ROW_HEIGHT, topOfPlace } from './geometry.js';
import { Header, sortAfter } from './header.js';
import { Help } from './help.js';
import type { Host } from './host.js';
import { html } from './html.js';
import { KeyControl } from './keyboard.js';
import { type BitWindowModel, FORMATS_EVENT, ORDER_EVENT } from './model.js';
import { PointerControl } from './pointer.js';
import { RowList } from './row_list.js';
import { scrollTo } from './scroll.js';
import { addStyle } from './style.js';
import { Surface } from './surface.js';
import { element, write } from './svg.js';
import { Tip } from './tip.js';
import { WAITING_EVENT } from './waiting.js';

/** Traits whose change draws every row anew. */
const DRAWN = new Set(['rounding', 'overflow', 'underflow_threshold', 'overflow_threshold', 'tables']);
/** Up to this height, in pixels, the controls stay in view with the titles; in a narrow view, where they wrap, they scroll. */
const STAYING = 48;

/** The bit windows over a heat map: a bqplot interaction that draws, drags and counts without the kernel. */
export class BitWindow extends Interaction {
  override initialize(parameters: Parameters<Interaction['initialize']>[0]): void {
    super.initialize(parameters);
    // bqplot's interaction is a <rect> over the plot. Ours stands in HTML above the whole figure, where a moved window
    // makes the browser lay out and paint one row and not the picture with all its cells: bqplot gets an empty group.
    this.setElement(element('g', '') as unknown as HTMLElement);
    this.d3el = { attr: () => this.d3el, remove: () => { this.el.remove(); } };
    this.abort = new AbortController();
    this.tip = new Tip();
  }

  override render(): void {
    super.render();
    addStyle();
    this.parent.el.classList.add('bitwindow-figure');
    this.root = html('div', 'bitwindow', null, { role: 'group', 'aria-label': 'Bit windows; press ? for the keys' });
    this.parent.el.prepend(this.root);
    this.empty = html('div', 'bw-empty', this.root);
    this.surface = new Surface(this.root);
    this.cells = new Cells(this.parent);
    this.rows = new RowList(this.root, this.model, () => { this.arrangeCells(); });
    this.renderTop();
    this.rebuild();
    this.listenTo(this.model, 'change', () => { this.changed(); });
    this.listenTo(this.model, FORMATS_EVENT, (rows: number[]) => { this.rows?.refresh(rows); this.header?.update(); });
    this.listenTo(this.model, ORDER_EVENT, () => { this.reordered(); });
    this.listenTo(this.model, WAITING_EVENT, () => { this.bar.update(); });
    // bqplot's figure does not remove its interaction when it goes
    this.listenToOnce(this.parent, 'remove', () => { this.remove(); });
    for (const event of ['pointerenter', 'focusin']) {
      this.parent.el.addEventListener(event, () => { this.model.waiting.look(); }, { signal: this.abort.signal });
    }
    const pointer = new PointerControl(this.host, this.abort.signal);
    new KeyControl(this.host, () => { pointer.cancel(); }, this.abort.signal);
  }

  override relayout(): void {
    if (this.header !== undefined) {
      this.layout();
    }
  }

  override remove(): void {
    this.abort.abort();
    this.tip.remove();
    this.cells?.dispose();
    this.rows?.dispose();
    this.resize?.disconnect();
    this.surface.dispose();
    this.top?.remove();
    this.root.remove();
    super.remove();
  }

  private get host(): Host {
    return {
      root: this.root,
      figure: this.parent.el,
      model: this.model,
      surface: this.surface,
      tip: this.tip,
      callbacks: () => this.callbacks(),
      focus: row => { this.focusRow(row); },
      boxOf: row => this.rows?.elementOf(row)?.getBoundingClientRect() ?? null,
      isAbove: target => target instanceof Node && this.top?.contains(target) === true,
      toggleHelp: open => (this.help.isOpen = open ?? !this.help.isOpen)
    };
  }

  /** The controls and titles stand in HTML over the figure's upper end: real inputs, and they can stay in view. */
  private renderTop(): void {
    const top = html('div', 'bw-top');
    this.parent.el.prepend(top);
    this.top = top;
    this.bar = new Bar(top, this.model, {
      update: traits => { this.model.update(traits, this.callbacks()); },
      select: group => {
        this.model.choose(membersOf(group, this.model.rows, this.model.order), this.model.active, this.callbacks());
      },
      sort: key => {
        const { descending } = nextSort({ sortBy: 'network', descending: false }, key);
        this.model.update({ sort_by: key, descending }, this.callbacks());
      },
      help: () => { this.host.toggleHelp(); }
    });
    this.help = new Help(top);
    this.header = new Header(top, this.model, key => { this.sort(key); });
    this.resize = new ResizeObserver(() => {
      if (top.offsetHeight !== this.geometry.top) {
        this.layout();
      }
    });
    this.resize.observe(top);
  }

  private sort(key: SortKey): void {
    const wanted = sortAfter(this.model, key);
    if (wanted === null) {
      this.model.reorder();
    } else {
      this.model.update({ sort_by: wanted.sortBy, descending: wanted.descending }, this.callbacks());
    }
  }

  private rebuild(): void {
    this.rowCount = this.model.rows.length;
    this.rows?.clear();
    this.layout();
  }

  private layout(): void {
    const { top } = this;
    const height = top?.offsetHeight ?? 0;
    const geometry = geometryOf(this.parent, this.model.columns, height, this.model.hasChannels);
    this.geometry = geometry;
    this.header?.layout(geometry);
    const titles = ROW_HEIGHT;
    top?.style.setProperty('top', `${height - titles > STAYING ? titles - height : 0}px`);
    this.rows?.draw(geometry, getComputedStyle(this.root).font || '11px sans-serif');
    this.arrangeAround();
  }

  /** Puts what goes with the order of the rows: the heat map's cells below them, the height, the controls. */
  private arrangeAround(): void {
    const { order } = this.model;
    this.arrangeCells();
    this.surface.arrange(this.geometry, order);
    this.empty.style.top = `${topOfPlace(0, this.geometry)}px`;
    write(this.empty, order.length === 0 ? emptyText(this.model.rows.length, this.model.wish) : '');
    const height = `${topOfPlace(Math.max(order.length, 1), this.geometry) + BOTTOM}px`;
    if (this.parent.el.style.height !== height) {
      this.parent.el.style.height = height;
    }
    this.bar.update();
    this.header?.update();
  }

  private arrangeCells(): void {
    this.cells?.arrange(this.geometry, this.model.order, this.rowCount, row => this.rows?.isFar(row) === true);
  }

  private reordered(): void {
    if (this.rowCount === this.model.rows.length) {
      this.tip.hide();
      this.rows?.arrange();
      this.arrangeAround();
    }
  }

  private changed(): void {
    const names = Object.keys(this.model.changedAttributes() || {});
    if (this.rowCount !== this.model.rows.length) {
      this.rebuild();
    } else if (names.some(name => name.startsWith('exponent')) || this.geometry.times !== this.model.hasChannels) {
      this.layout();
    } else if (names.some(name => DRAWN.has(name))) {
      this.rows?.refresh(this.model.order);
    } else if (names.includes('selected') || names.includes('active')) {
      this.refreshChosen();
    } else if (names.includes('strips')) {
      this.rows?.refresh([this.model.active]);
    }
    if (names.some(name => name !== 'request' && name !== 'acknowledged' && name !== 'rows' && name !== 'strips')) {
      this.bar.update();
    }
  }

  private refreshChosen(): void {
    const before = [...((this.model.previous('selected') as number[] | undefined) ?? []), Number(this.model.previous('active'))];
    this.rows?.sync();
    this.rows?.refresh([...new Set([...before, ...this.model.selected, this.model.active])]);
  }

  private focusRow(row: number): void {
    const root = this.rows?.elementOf(row) ?? null;
    if (root !== null) {
      root.focus({ preventScroll: true });
      scrollTo(root, this.top?.getBoundingClientRect().bottom ?? 0);
    }
  }

  // Backbone's constructor calls initialize() before class fields would be set, so these are only declared.
  declare model: BitWindowModel;
  declare private abort: AbortController;
  declare private tip: Tip;
  declare private rows: RowList | undefined;
  /** Of how many rows the drawing is. */
  declare private rowCount: number;
  declare private geometry: Geometry;
  declare private root: HTMLElement;
  declare private surface: Surface;
  declare private empty: HTMLElement;
  declare private bar: Bar;
  declare private help: Help;
  declare private cells: Cells | undefined;
  declare private header: Header | undefined;
  declare private top: HTMLElement | undefined;
  declare private resize: ResizeObserver | undefined;
}
