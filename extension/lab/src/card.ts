import type { TranslationBundle } from '@jupyterlab/translation';

import { element, setText } from './dom.js';
import { titleOf } from './session_list.js';
import { basisWords, metricWords, stageWords } from './words.js';
import type { Session } from './wire.js';

/** What the buttons of a card do; each is given the quantizer's record as it is when it is pressed. */
export interface Actions {
  open(session: Session): void;
  undo(session: Session): void;
  save(session: Session): void;
}

/** One quantizer in the side bar. It is changed in place, so that the focus stays on a button while figures move. */
export class Card {
  readonly node: HTMLElement;

  constructor(
    private session: Session,
    private readonly trans: TranslationBundle,
    actions: Actions
  ) {
    const open = this.button(trans.__('Open as tab'), trans.__('Show this quantizer beside the notebook'), actions.open);
    this.undo = this.button(trans.__('Undo'), trans.__('Take the last change back'), actions.undo);
    const save = this.button(trans.__('Save…'), trans.__('Write it to a .bitwindow file'), actions.save);
    this.node = element(
      'li',
      { className: 'bw-lab-card', attributes: { 'data-quantizer': `${session.id}` } },
      this.title,
      this.stage,
      this.metric,
      this.basis,
      this.memory,
      element('div', { className: 'bw-lab-buttons' }, open, this.undo, save)
    );
    this.show(session);
  }

  show(session: Session): void {
    this.session = session;
    setText(this.title, titleOf(session));
    setText(this.stage, stageWords(session, this.trans));
    setText(this.metric, metricWords(session, this.trans));
    setText(this.basis, basisWords(session, this.trans));
    setText(this.memory, this.trans.__('Parameters: %1 → %2', session.floatMemory, session.quantizedMemory));
    this.metric.classList.toggle('bw-mod-failed', (session.metric?.error ?? null) !== null);
    this.undo.disabled = !session.canUndo;
  }

  private button(text: string, title: string, action: (session: Session) => void): HTMLButtonElement {
    const button = element('button', { className: 'jp-mod-styled bw-lab-button', text, title });
    button.onclick = () => {
      action(this.session);
    };
    return button;
  }

  private readonly undo: HTMLButtonElement;
  private readonly title = element('div', { className: 'bw-lab-title' });
  private readonly stage = element('div', { className: 'bw-lab-stage' });
  private readonly metric = element('div', { className: 'bw-lab-metric' });
  private readonly basis = element('div', { className: 'bw-lab-basis' });
  private readonly memory = element('div', { className: 'bw-lab-memory' });
}
