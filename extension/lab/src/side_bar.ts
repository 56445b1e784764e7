import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';

import { Card, type Actions } from './card.js';
import { element, setText } from './dom.js';
import type { Follower } from './follower.js';
import { windowIcon } from './icons.js';
import { emptyWords } from './words.js';

/** The live list of the quantizers in the kernel of the notebook that the user works in. */
export class SideBar extends Widget {
  constructor(
    private readonly follower: Follower,
    private readonly trans: TranslationBundle,
    private readonly actions: Actions,
    newNotebook: () => void
  ) {
    super();
    this.id = 'bitwindow-side-bar';
    this.addClass('bw-lab-side');
    this.title.icon = windowIcon;
    this.title.caption = trans.__('Bit Window quantizers');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', this.title.caption);
    this.fresh = element('button', {
      className: 'jp-mod-styled bw-lab-button',
      text: trans.__('New quantizer notebook')
    });
    this.fresh.onclick = newNotebook;
    this.node.append(
      element('div', { className: 'bw-lab-head', text: trans.__('Quantizers') }),
      this.where,
      this.empty,
      this.list
    );
    this.empty.append(this.why, this.advice, this.fresh);
    follower.changed.connect(this.draw, this);
    this.draw();
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this.follower.changed.disconnect(this.draw, this);
    }
    super.dispose();
  }

  private draw(): void {
    const state = this.follower.state;
    const [why, advice] = emptyWords(state, this.trans);
    setText(this.why, why);
    setText(this.advice, advice);
    setText(this.where, state.kind === 'listed' ? this.trans.__('in “%1”', state.name) : '');
    this.empty.hidden = state.kind === 'listed';
    this.fresh.hidden = state.kind !== 'no-notebook';
    this.node.dataset.state = state.kind;
    const sessions = state.kind === 'listed' ? state.sessions : [];
    const process = state.kind === 'listed' ? state.process : '';
    const names = new Set(sessions.map(session => `${process} ${session.id}`));
    for (const [name, card] of this.cards) {
      if (!names.has(name)) {
        card.node.remove();
        this.cards.delete(name);
      }
    }
    for (const session of sessions) {
      const name = `${process} ${session.id}`;
      const card = this.cards.get(name);
      if (card === undefined) {
        const made = new Card(session, this.trans, this.actions);
        this.cards.set(name, made);
        this.list.append(made.node);
      } else {
        card.show(session);
      }
    }
  }

  private readonly cards = new Map<string, Card>();
  private readonly fresh: HTMLButtonElement;
  private readonly where = element('div', { className: 'bw-lab-where' });
  private readonly empty = element('div', { className: 'bw-lab-empty', attributes: { role: 'status' } });
  private readonly why = element('p', { className: 'bw-lab-why' });
  private readonly advice = element('p', { className: 'bw-lab-advice' });
  private readonly list = element('ul', { className: 'bw-lab-list' });
}
