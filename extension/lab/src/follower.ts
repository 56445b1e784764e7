import { PathExt } from '@jupyterlab/coreutils';
import { Signal, type ISignal } from '@lumino/signaling';

import type { Channel, Channels } from './channel.js';
import { listState, type ListState, type Situation } from './session_list.js';
import { pathOf, type Source, type Sources } from './sources.js';

/** Follows one notebook or console, its kernel through changes and restarts, and what that kernel tells. */
export class Follower {
  constructor(
    private readonly sources: Sources,
    private readonly channels: Channels
  ) {}

  /** Emitted when anything changed that `state` is made of. */
  get changed(): ISignal<this, void> {
    return this.changedSignal;
  }

  get source(): Source | null {
    return this.followed;
  }

  get channel(): Channel | null {
    return this.connected;
  }

  get state(): ListState {
    return listState(this.situation());
  }

  /** Turns to another source, or to none. */
  follow(source: Source | null): void {
    if (source?.panel === this.followed?.panel) {
      return;
    }
    this.leave();
    this.followed = source;
    if (source !== null) {
      source.context.kernelChanged.connect(this.kernelChanged, this);
      source.context.connectionStatusChanged.connect(this.kernelChanged, this);
      source.context.statusChanged.connect(this.told, this);
      source.panel.disposed.connect(this.left, this);
      this.kernelChanged();
    }
    this.changedSignal.emit();
  }

  dispose(): void {
    this.leave();
    Signal.clearData(this);
  }

  private situation(): Situation {
    const source = this.followed;
    if (source === null) {
      return { name: null, kernel: 'none', listing: null };
    }
    const kernel = source.context.session?.kernel ?? null;
    const starting = ['starting', 'restarting', 'autorestarting', 'initializing', 'connecting'];
    const status = source.context.kernelDisplayStatus;
    return {
      name: PathExt.basename(pathOf(source)),
      kernel: starting.includes(status) ? 'starting' : kernel === null ? 'none' : 'ready',
      listing: this.connected?.listing ?? null
    };
  }

  private kernelChanged(): void {
    const kernel = this.followed === null ? null : this.sources.kernelOf(this.followed);
    if (kernel !== (this.connected?.kernel ?? null) || this.connected?.isDisposed === true) {
      this.disconnect();
      if (kernel !== null) {
        this.connected = this.channels.take(kernel);
        this.connected.changed.connect(this.told, this);
      }
    }
    // A connection that comes back after a restart or a broken line asks again.
    void this.connected?.look();
    this.changedSignal.emit();
  }

  private told(): void {
    this.changedSignal.emit();
  }

  private left(): void {
    this.follow(null);
  }

  private leave(): void {
    this.disconnect();
    if (this.followed !== null) {
      const { context, panel } = this.followed;
      context.kernelChanged.disconnect(this.kernelChanged, this);
      context.connectionStatusChanged.disconnect(this.kernelChanged, this);
      context.statusChanged.disconnect(this.told, this);
      panel.disposed.disconnect(this.left, this);
      this.followed = null;
    }
  }

  private disconnect(): void {
    if (this.connected !== null) {
      this.connected.changed.disconnect(this.told, this);
      this.channels.release(this.connected);
      this.connected = null;
    }
  }

  private followed: Source | null = null;
  private connected: Channel | null = null;
  private readonly changedSignal = new Signal<this, void>(this);
}
