import type { TranslationBundle } from '@jupyterlab/translation';
import { Panel, Widget } from '@lumino/widgets';

import { element, setText } from '../dom.js';
import { PanelView } from '../panel_view.js';
import type { ModelDocument } from '../wire.js';
import { progressWords } from '../words.js';
import type { Stage } from './stage.js';

/** What the buttons of a document do. */
export interface DocumentActions {
  calibrate(): void;
  validate(): void;
  save(): void;
  loadAgain(fn: string): void;
  startKernel(): void;
}

/** What a document shows: what it waits for, or the quantizer's panel with a line of buttons above. */
export class DocumentView extends Panel {
  readonly panel = new PanelView();

  constructor(
    private readonly trans: TranslationBundle,
    private readonly actions: DocumentActions
  ) {
    super();
    this.addClass('bw-lab-document');
    const bar = element(
      'div',
      { className: 'bw-lab-bar' },
      this.button(trans.__('Validation data…'), trans.__('An .npz file with labels: shows the accuracy'), 'validate'),
      this.button(trans.__('Calibrate anew…'), trans.__('Other data; all types are chosen again'), 'calibrate'),
      this.button(trans.__('Save'), trans.__('Write the quantizer to a .bitwindow file'), 'save'),
      this.error
    );
    this.bar = new Widget({ node: bar });
    this.page = new Widget({ node: element('div', { className: 'bw-lab-page' }) });
    this.addWidget(this.page);
    this.addWidget(this.bar);
    this.addWidget(this.panel);
    this.showStage({ kind: 'starting' });
  }

  showStage(stage: Stage): void {
    this.node.dataset.stage = stage.kind;
    const ready = stage.kind === 'ready';
    this.bar.setHidden(!ready);
    this.panel.setHidden(!ready);
    this.page.setHidden(ready);
    setText(this.error, ready ? (stage.error ?? '') : '');
    if (!ready) {
      this.panel.clear();
    }
    // Drawn anew only where something differs, so that the focus and a text that is being typed stay.
    const drawn = JSON.stringify(stage);
    if (!ready && drawn !== this.drawn) {
      this.page.node.replaceChildren(...this.nodes(stage));
    }
    this.drawn = drawn;
  }

  private nodes(stage: Stage): Node[] {
    const { trans } = this;
    switch (stage.kind) {
      case 'no-kernel':
        return [
          this.why(trans.__('This document has no kernel.')),
          this.button(trans.__('Start a kernel'), '', 'startKernel')
        ];
      case 'starting':
        return [this.why(trans.__('A kernel is starting…'))];
      case 'loading':
        return [this.why(trans.__('The model is being loaded…'))];
      case 'no-package':
        return [
          this.why(trans.__('This kernel cannot import bitwindow.')),
          element('pre', { className: 'bw-lab-error', text: stage.error }),
          this.advice(trans.__('Install bitwindow where the kernel runs: pip install bitwindow. Then load again.')),
          this.again('')
        ];
      case 'failed':
        return this.failed(stage.error, stage.wantsFunction);
      case 'waiting':
        return this.waiting(stage.document, stage.error);
      case 'calibrating':
        return this.calibrating(stage.document);
      case 'ready':
        return [];
    }
  }

  private failed(error: string, wantsFunction: boolean): Node[] {
    const { trans } = this;
    const why = this.why(trans.__('The file could not be opened.'));
    const words = element('pre', { className: 'bw-lab-error', text: error });
    if (!wantsFunction) {
      return [why, words, this.again('')];
    }
    const input = element('input', { className: 'jp-mod-styled', attributes: { placeholder: 'module:name' } });
    const load = element('button', { className: 'jp-mod-styled bw-lab-button', text: trans.__('Load with it') });
    load.onclick = () => {
      this.actions.loadAgain(input.value.trim());
    };
    const label = element('label', { text: trans.__('The model’s function, as module:name: ') }, input);
    const advice = trans.__('The file holds no code. Its module must be found from the document’s folder.');
    return [why, words, this.advice(advice), element('div', { className: 'bw-lab-buttons' }, label, load)];
  }

  private waiting(document: ModelDocument, error: string | null): Node[] {
    const { trans } = this;
    const sites = trans.__('The model is loaded: %1 tensors can have a type.', document.sites);
    const asks = trans.__(
      'It needs calibration data: samples as the network was trained on, in an .npz file of the server. The file holds:'
    );
    const optional = trans.__('An array y with the labels may stand beside, for the validation later.');
    const rows = document.inputs.map(({ name, shape, dtype }) =>
      element('tr', {}, ...[name, `(${shape})`, dtype].map(text => element('td', { text })))
    );
    const heads = [trans.__('array'), trans.__('shape'), trans.__('values')].map(text => element('th', { text }));
    return [
      this.why(sites),
      this.advice(asks),
      element('table', { className: 'bw-lab-inputs' }, element('tr', {}, ...heads), ...rows),
      this.advice(optional),
      ...(error === null ? [] : [element('pre', { className: 'bw-lab-error', text: error })]),
      this.button(trans.__('Choose calibration data…'), trans.__('An .npz file of the server'), 'calibrate')
    ];
  }

  private calibrating({ progress }: ModelDocument): Node[] {
    const bar = element('progress', { className: 'bw-lab-progress' });
    if (progress !== null && progress[1] !== null) {
      bar.max = Math.max(1, progress[1]);
      bar.value = progress[0] ?? 0;
    }
    const words = progress === null ? this.trans.__('The types are being chosen…') : progressWords(progress, this.trans);
    return [this.why(words), bar];
  }

  private again(fn: string): HTMLButtonElement {
    const button = element('button', { className: 'jp-mod-styled bw-lab-button', text: this.trans.__('Load again') });
    button.onclick = () => {
      this.actions.loadAgain(fn);
    };
    return button;
  }

  private why(text: string): HTMLElement {
    return element('p', { className: 'bw-lab-why', text, attributes: { role: 'status' } });
  }

  private advice(text: string): HTMLElement {
    return element('p', { className: 'bw-lab-advice', text });
  }

  private button(text: string, title: string, action: Exclude<keyof DocumentActions, 'loadAgain'>): HTMLButtonElement {
    const button = element('button', { className: 'jp-mod-styled bw-lab-button', text, title });
    button.onclick = () => {
      this.actions[action]();
    };
    return button;
  }

  private readonly error = element('span', { className: 'bw-lab-error', attributes: { role: 'alert' } });
  private readonly bar: Widget;
  private readonly page: Widget;
  private drawn = '';
}
