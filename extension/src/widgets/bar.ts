import { type Kind, KINDS, SORT_KEYS, type SortKey } from '../core/order.js';
import { type Group, GROUPS } from '../core/selection.js';
import { button, html } from './html.js';
import type { BitWindowModel } from './model.js';
import type { Traits } from './traits.js';

const SORT_NAMES: Readonly<Record<SortKey, string>> = {
  network: 'network order', name: 'name', kind: 'kind', type: 'type', minimum: 'min', maximum: 'max', zeros: 'zeros',
  underflow: 'underflow', overflow: 'overflow', rounded: 'rounded', sqnr: 'SQNR'
};

/** What the bar asks of the view. */
export interface BarActions {
  update(traits: Partial<Traits>): void;
  select(group: Group): void;
  sort(key: SortKey): void;
  help(): void;
}

/** The controls above the map: filter, sort, selection, thresholds, help. None of them needs the kernel. */
export class Bar {
  constructor(parent: Element, private readonly model: BitWindowModel, private readonly actions: BarActions) {
    // JupyterLab's one-letter shortcuts would take the keys of a button in a notebook
    this.root = html('div', 'bw-controls', parent, { role: 'toolbar', 'aria-label': 'Rows', 'data-lm-suppress-shortcuts': 'true' });
    this.search = html('input', 'bw-search', this.root, {
      type: 'search', placeholder: 'filter by name', 'aria-label': 'Filter rows by name', spellcheck: 'false'
    });
    this.search.addEventListener('input', () => { actions.update({ search: this.search.value }); });
    this.kinds = this.kindButtons();
    this.sortBy = this.sortControl();
    this.count = html('span', 'bw-count', this.root, { role: 'status' });
    const select = html('span', 'bw-group', this.root, { role: 'group', 'aria-label': 'Select rows' }, 'select');
    for (const group of GROUPS) {
      button(select, 'bw-select', group, `select ${group === 'none' ? 'no row' : `${group} of the shown rows`}`, () => {
        actions.select(group);
      });
    }
    // on a narrow page they go to the next line together
    const last = html('span', 'bw-group bw-last', this.root);
    this.under = this.threshold(last, '▼ over', 'underflow_threshold', 'Mark rows with more underflows than this share of the nonzero values');
    this.over = this.threshold(last, '▲ over', 'overflow_threshold', 'Mark rows with more overflows than this share of the nonzero values');
    button(last, 'bw-help-button', '? keys and signs', 'what the keys, the mouse and the signs mean', () => { actions.help(); });
    this.status = html('span', 'bw-status', this.root, { role: 'status' });
  }

  /** Shows the state of the model; what the user is typing in is left alone. */
  update(): void {
    const { model } = this;
    const { search, kinds, sortBy, descending } = model.wish;
    fill(this.search, search);
    for (const [kind, made] of this.kinds) {
      made.setAttribute('aria-pressed', String(kinds.includes(kind)));
      made.hidden = !model.rows.some(row => row.kind === kind) && !kinds.includes(kind);
    }
    this.sortBy.select.value = sortBy;
    this.sortBy.turn.textContent = descending ? '▾' : '▴';
    fill(this.under, percentText(model.read('underflow_threshold')));
    fill(this.over, percentText(model.read('overflow_threshold')));
    const [shown, all] = [model.order.length, model.rows.length];
    this.count.textContent = shown === all ? `${all} rows` : `${shown} of ${all} rows`;
    this.status.textContent = model.waiting.text;
    this.status.hidden = model.waiting.text === '';
    this.status.classList.toggle('bw-passing', model.waiting.state === 'busy');
  }

  private kindButtons(): ReadonlyMap<Kind, HTMLButtonElement> {
    const group = html('span', 'bw-group', this.root, { role: 'group', 'aria-label': 'Filter rows by kind' });
    return new Map(
      KINDS.map(kind => [kind, button(group, 'bw-kind', kind, `show only rows of this kind (${kind}), and of others pressed`, () => {
        const now = this.model.wish.kinds;
        this.actions.update({ kinds: now.includes(kind) ? now.filter(other => other !== kind) : [...now, kind] });
      })])
    );
  }

  private sortControl(): { readonly select: HTMLSelectElement; readonly turn: HTMLButtonElement } {
    const group = html('span', 'bw-group', this.root, {}, 'sort');
    const select = html('select', 'bw-sort', group, { 'aria-label': 'Sort rows by' });
    for (const key of SORT_KEYS) {
      html('option', '', select, { value: key }, SORT_NAMES[key]);
    }
    select.addEventListener('change', () => { this.actions.sort(select.value as SortKey); });
    const turn = button(group, 'bw-turn', '▴', 'turn the order round', () => {
      this.actions.update({ descending: !this.model.wish.descending });
    });
    return { select, turn };
  }

  private threshold(
    parent: Element, label: string, trait: 'underflow_threshold' | 'overflow_threshold', title: string
  ): HTMLInputElement {
    const group = html('label', 'bw-group', parent, { title }, label);
    const input = html('input', 'bw-threshold', group, {
      type: 'number', min: '0', max: '100', step: 'any', 'aria-label': title
    });
    html('span', '', group, {}, '%');
    input.addEventListener('input', () => {
      const value = input.valueAsNumber / 100;
      if (value >= 0 && value <= 1) {
        this.actions.update({ [trait]: value });
      }
    });
    // what is no share goes back to what holds
    input.addEventListener('change', () => { input.value = percentText(this.model.read(trait)); });
    return input;
  }

  private readonly root: HTMLElement;
  private readonly search: HTMLInputElement;
  private readonly kinds: ReadonlyMap<Kind, HTMLButtonElement>;
  private readonly sortBy: { readonly select: HTMLSelectElement; readonly turn: HTMLButtonElement };
  private readonly count: HTMLElement;
  private readonly under: HTMLInputElement;
  private readonly over: HTMLInputElement;
  private readonly status: HTMLElement;
}

function fill(input: HTMLInputElement, text: string): void {
  if (document.activeElement !== input && input.value !== text) {
    input.value = text;
  }
}

/** A share in percent without the noise of binary fractions. */
function percentText(share: number): string {
  return String(Number((100 * share).toPrecision(10)));
}
