import type { WidgetModel } from '@jupyter-widgets/base';

/** Fired when the kernel falls silent, answers again, or is gone. */
export const WAITING_EVENT = 'bitwindow:waiting';

/** How long the kernel may take before the view says that it is busy, in milliseconds. */
export const PATIENCE = 600;

export type KernelState = 'live' | 'busy' | 'gone';

const TEXTS: Readonly<Record<KernelState, string>> = {
  live: '',
  busy: 'kernel busy: counts are live, accuracy waits',
  gone: 'kernel gone: counts are live, accuracy needs a kernel and q.panel() anew'
};

/** Watches whether the kernel answers: the counts go on without it, the accuracy cannot. */
export class Waiting {
  constructor(private readonly model: WidgetModel) {
    model.on('comm_live_update', () => { model.trigger(WAITING_EVENT); });
  }

  get state(): KernelState {
    if (!this.model.comm_live) {
      return 'gone';
    }
    return this.late ? 'busy' : 'live';
  }

  get text(): string {
    return TEXTS[this.state];
  }

  /**
   * Finds out whether the kernel has gone without a word, as at a shutdown: its side of the comm is disposed of then, and
   * ipywidgets goes on to send, with an error for every message.
   */
  look(): void {
    const comm = this.model.comm as { readonly jsServicesComm?: { readonly isDisposed?: boolean } } | undefined;
    if (this.model.comm_live && comm?.jsServicesComm?.isDisposed === true) {
      this.model.comm_live = false;
    }
  }

  /** The kernel was asked for something, and has not been silent yet. */
  begin(): void {
    this.timer ??= setTimeout(() => {
      this.look();
      this.setLate(true);
    }, PATIENCE);
  }

  /** The kernel has answered some of it: amid a drag something is asked all the time, and only silence counts. */
  heard(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.setLate(false);
    this.begin();
  }

  /** The kernel has answered everything. */
  end(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.setLate(false);
  }

  private setLate(late: boolean): void {
    if (late !== this.late) {
      this.late = late;
      this.model.trigger(WAITING_EVENT);
    }
  }

  private late = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
}
