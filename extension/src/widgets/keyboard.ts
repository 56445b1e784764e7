import { shifted } from '../core/drag.js';
import { type Command, commandOf } from '../core/keys.js';
import { membersOf, stepped } from '../core/selection.js';
import type { Host } from './host.js';
import { moveTip } from './tips.js';

/** The keys of the map while one of its rows has the focus. */
export class KeyControl {
  constructor(private readonly host: Host, private readonly cancelDrag: () => void, signal: AbortSignal) {
    // Before JupyterLab, whose own listener waits at the document and would take Z, Y, A and L for notebook commands.
    window.addEventListener('keydown', event => { this.press(event); }, { signal, capture: true });
    host.root.addEventListener('focusin', event => { this.follow(event); }, { signal });
    host.root.addEventListener('focusout', () => { host.tip.hide(); }, { signal });
  }

  /** A row that a screen reader or a script gave the focus is the one that the keys mean; a pointer has made it so before. */
  private follow(event: FocusEvent): void {
    const { model } = this.host;
    const row = Number((event.target as Element).closest('.bw-row')?.getAttribute('data-row') ?? -1);
    if (row >= 0 && row !== model.active) {
      model.choose(model.selected.includes(row) ? model.selected : [row], row, this.host.callbacks());
    }
  }

  private press(event: KeyboardEvent): void {
    if (!this.host.root.contains(event.target as Node | null)) {
      return;
    }
    const command = commandOf(event);
    const plain = event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (command !== null || plain) {
      // also letters without a meaning here: X or D would cut or delete the notebook's cell
      event.stopPropagation();
    }
    if (command !== null && this.host.model.order.length > 0) {
      event.preventDefault();
      this.run(command, this.row);
    }
  }

  private run(command: Command, row: number): void {
    const { model } = this.host;
    const callbacks = this.host.callbacks();
    switch (command.kind) {
      case 'move':
        model.propose(shifted(model.dragRows, model.movingWith(row), command.part, command.bits, model.columns), false, callbacks);
        this.tell(row);
        break;
      case 'row':
        this.go(model.order.indexOf(row) + command.step, command.extend);
        break;
      case 'edge':
        this.go(command.end === 'first' ? 0 : model.order.length - 1, false);
        break;
      case 'select':
        model.choose(command.rows === 'all' ? membersOf('all', model.rows, model.order) : [row], row, callbacks);
        break;
      case 'lock':
        this.lock(row);
        break;
      case 'action':
        model.act(command.action, model.movingWith(row), callbacks);
        break;
      case 'help':
        this.host.toggleHelp();
        break;
      case 'escape':
        this.escape();
        break;
    }
  }

  /** The active row, or the first one shown when the filter hides it. */
  private get row(): number {
    const { active, order } = this.host.model;
    return order.includes(active) ? active : (order[0] ?? 0);
  }

  private go(place: number, extend: boolean): void {
    const { model, tip } = this.host;
    const to = model.order[Math.max(0, Math.min(model.order.length - 1, place))] ?? 0;
    tip.hide();
    model.choose(stepped(model.selected, to, extend), to, this.host.callbacks());
    this.host.focus(to);
  }

  private lock(row: number): void {
    const { model } = this.host;
    const rows = model.selected.includes(row) ? model.selected.filter(index => model.order.includes(index)) : [row];
    model.act(model.rows[row]?.locked === true ? 'unlock' : 'lock', rows, this.host.callbacks());
  }

  private escape(): void {
    this.cancelDrag();
    this.host.toggleHelp(false);
    this.host.tip.hide();
  }

  private tell(row: number): void {
    const box = this.host.boxOf(row);
    if (box !== null) {
      this.host.tip.show(moveTip(this.host.model, row), box.left + box.width / 2, box.top);
    }
  }
}
