import { PathExt } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Signal, type ISignal } from '@lumino/signaling';
import { Panel, Widget } from '@lumino/widgets';

import type { Channels } from './channel.js';
import { element, setText } from './dom.js';
import { Follower } from './follower.js';
import { PanelView } from './panel_view.js';
import { titleOf } from './session_list.js';
import { pathOf, type SourceKind, type Sources } from './sources.js';
import { emptyWords } from './words.js';

/** Where a tab's quantizer is; it is kept in the layout, so that the tab comes back when the page is loaded again. */
export interface Place {
  readonly kind: SourceKind;
  readonly path: string;
  readonly process: string;
  readonly quantizer: number;
  /** The tab's own name. */
  readonly tab: string;
}

/** A quantizer's panel in the main area: a second view of the widget that its cell shows. */
export class QuantizerTab extends Panel {
  constructor(
    private place: Place,
    private readonly sources: Sources,
    channels: Channels,
    private readonly trans: TranslationBundle,
    private readonly display: () => Record<string, number | string>
  ) {
    super();
    this.addClass('bw-lab-tab');
    this.follower = new Follower(sources, channels);
    this.message = new Widget({ node: element('div', { className: 'bw-lab-empty' }, this.why, this.advice) });
    this.addWidget(this.message);
    this.addWidget(this.view);
    sources.opened.connect(this.find, this);
    this.follower.changed.connect(this.refresh, this);
    this.find();
  }

  /** Where the quantizer is now: a notebook may be renamed. */
  get args(): Place {
    return this.place;
  }

  /** Emitted when `args` or the title changed. */
  get moved(): ISignal<this, void> {
    return this.movedSignal;
  }

  override dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this.sources.opened.disconnect(this.find, this);
    this.follower.changed.disconnect(this.refresh, this);
    // Not awaited: the kernel closes the panel if it was made for tabs alone, whether or not we hear of it.
    this.follower.channel?.ask('release', { tab: this.place.tab }).catch(() => undefined);
    this.follower.dispose();
    Signal.clearData(this);
    super.dispose();
  }

  private find(): void {
    if (this.follower.source === null) {
      this.follower.follow(this.sources.find(this.place.kind, this.place.path));
    }
    this.refresh();
  }

  private refresh(): void {
    const source = this.follower.source;
    const name = PathExt.basename(this.place.path);
    if (source === null) {
      this.say(
        this.trans.__('“%1” is not open.', name),
        this.trans.__('Open it again: its quantizer will appear here while its kernel lives.')
      );
      return;
    }
    if (pathOf(source) !== this.place.path) {
      this.place = { ...this.place, path: pathOf(source) };
      this.movedSignal.emit();
    }
    const state = this.follower.state;
    const session =
      state.kind === 'listed' && state.process === this.place.process
        ? state.sessions.find(({ id }) => id === this.place.quantizer)
        : undefined;
    if (session !== undefined) {
      this.rename(titleOf(session));
      void this.render();
    } else if (state.kind === 'listed' || state.kind === 'no-quantizer') {
      this.say(
        this.trans.__('This quantizer is gone: its kernel was restarted, or dropped it.'),
        this.trans.__('Run “%1” again, then open its quantizer from the side bar.', name)
      );
    } else {
      this.say(...emptyWords(state, this.trans));
    }
  }

  private async render(): Promise<void> {
    const { channel, source } = this.follower;
    if (channel === null || source === null || this.rendering || this.view.shown !== '') {
      return;
    }
    this.rendering = true;
    try {
      const { quantizer, tab } = this.place;
      const reply = await channel.ask('panel', { quantizer, tab, display: this.display() });
      if (!this.isDisposed) {
        await this.view.showModel(source.rendermime, reply.model ?? '');
        this.message.hide();
      }
    } catch (error) {
      this.say(error instanceof Error ? error.message : (error as string), '');
    } finally {
      this.rendering = false;
    }
  }

  private say(why: string, advice: string): void {
    if (this.isDisposed) {
      return;
    }
    setText(this.why, why);
    setText(this.advice, advice);
    this.view.clear();
    this.message.show();
  }

  private rename(label: string): void {
    if (this.title.label !== label) {
      this.title.label = label;
      this.movedSignal.emit();
    }
  }

  private rendering = false;
  private readonly follower: Follower;
  private readonly message: Widget;
  private readonly view = new PanelView();
  private readonly why = element('p', { className: 'bw-lab-why' });
  private readonly advice = element('p', { className: 'bw-lab-advice' });
  private readonly movedSignal = new Signal<this, void>(this);
}
