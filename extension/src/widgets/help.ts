import { KEY_HELP } from '../core/keys.js';
import { html } from './html.js';

const SIGNS: readonly (readonly [className: string, sign: string, meaning: string])[] = [
  ['bw-sample-window', '', 'the window: the bits that the type has; drag it, or pull an edge'],
  ['bw-sample-sign', '±', 'the sign bit'],
  ['bw-sample-mask', '', 'gray: the type has no bit there'],
  ['bw-sample-kept', '○', 'gray, but not lost: some of these values round up to one LSB, or just fit (−2^M)'],
  ['bw-sample-lost', '◥', 'in the window, but some of these values overflow once they are rounded'],
  ['bw-warn', '▼', 'more underflows than the share set above'],
  ['bw-alarm', '▲', 'more overflows than the share set above'],
  ['bw-sample-strip', '', 'accuracy of the window with its top bit there: high and bright is near the float network, pale is an estimate; press one to go there']
];

const MOUSE: readonly (readonly [string, string])[] = [
  ['drag', 'move the window, or one of its edges'],
  ['double click', "back to the scheme's choice"],
  ['click', 'select the row (Shift: all between, Ctrl: one more)'],
  ['drag a selected row', 'moves all selected rows that are shown and not locked']
];

/** What the keys, the mouse and the signs mean, in a box that `?` opens and closes. */
export class Help {
  constructor(parent: Element) {
    this.root = html('div', 'bw-help', parent, { role: 'note', 'aria-label': 'Keys and signs' });
    this.root.hidden = true;
    const list = (rows: readonly (readonly [string, string])[]): void => {
      const table = html('dl', '', this.root);
      for (const [keys, meaning] of rows) {
        html('dt', '', table, {}, keys);
        html('dd', '', table, {}, meaning);
      }
    };
    list(KEY_HELP);
    list(MOUSE);
    const signs = html('dl', '', this.root);
    for (const [className, sign, meaning] of SIGNS) {
      html('i', className, html('dt', '', signs), {}, sign);
      html('dd', '', signs, {}, meaning);
    }
  }

  get isOpen(): boolean {
    return !this.root.hidden;
  }

  set isOpen(open: boolean) {
    this.root.hidden = !open;
  }

  private readonly root: HTMLElement;
}
