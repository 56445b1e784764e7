import type { Kernel, KernelMessage } from '@jupyterlab/services';
import type { JSONObject } from '@lumino/coreutils';
import { Signal, type ISignal } from '@lumino/signaling';

import { MISSING, type PageNames } from './page_names.js';
import type { Listing, ModelDocument, Pushed, Reply } from './wire.js';

export const TARGET = 'bitwindow.sessions';

/** What became of a request that the kernel cannot fulfil; the words are the kernel's own. */
export class Refused extends Error {
  constructor(
    message: string,
    readonly exists: boolean
  ) {
    super(message);
  }
}

interface Waiting {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: Error) => void;
}

/**
 * The comm to one kernel. `listing` is null until the kernel has imported the package and said what it holds.
 *
 * Nothing is polled: whether the package is imported is asked once at the beginning and after every run of a cell until
 * it is; from then on the kernel pushes.
 */
export class Channel {
  constructor(
    readonly kernel: Kernel.IKernelConnection,
    private readonly names: PageNames
  ) {
    kernel.iopubMessage.connect(this.heard, this);
    kernel.statusChanged.connect(this.statusChanged, this);
    kernel.disposed.connect(this.dispose, this);
    void this.look();
  }

  get listing(): Listing | null {
    return this.held;
  }

  get isDisposed(): boolean {
    return this.gone;
  }

  /** Emitted when the listing changed, or came or went. */
  get changed(): ISignal<this, void> {
    return this.changedSignal;
  }

  /** Emitted when a document's state changed. */
  get document(): ISignal<this, ModelDocument> {
    return this.documentSignal;
  }

  /** Connects if the kernel has imported the package; tells whether it has. */
  async look(): Promise<boolean> {
    if (this.gone || !this.kernel.handleComms || this.kernel.connectionStatus === 'disconnected') {
      return false;
    }
    if (this.comm === null) {
      // Who asks while another asks waits for the same answer.
      this.looking ??= this.askForBeacon();
      await this.looking;
    }
    return this.comm !== null;
  }

  /** Asks the kernel for something; rejects with `Refused`, or when the connection ends. */
  async ask(what: string, fields: JSONObject = {}): Promise<Reply> {
    const comm = this.comm;
    if (comm === null) {
      throw new Refused(MISSING, false);
    }
    const request = this.next++;
    return new Promise<Reply>((resolve, reject) => {
      this.waiting.set(request, { resolve, reject });
      comm.send({ do: what, request, ...fields });
    });
  }

  dispose(): void {
    if (this.gone) {
      return;
    }
    this.gone = true;
    const comm = this.comm;
    this.lost();
    if (comm !== null && !this.kernel.isDisposed && !comm.isDisposed) {
      comm.close();
    }
    Signal.clearData(this);
  }

  private async askForBeacon(): Promise<void> {
    try {
      const reply = await this.kernel.requestCommInfo({ target_name: TARGET });
      if (reply.content.status === 'ok' && Object.keys(reply.content.comms).length > 0) {
        this.open();
      }
    } catch {
      // A kernel that ended while it was asked has nothing to say.
    } finally {
      this.looking = null;
    }
  }

  private open(): void {
    if (this.gone || this.comm !== null) {
      return;
    }
    const comm = this.kernel.createComm(TARGET);
    comm.onMsg = message => {
      this.received(message.content.data as unknown as Pushed);
    };
    comm.onClose = () => {
      if (this.comm === comm) {
        this.lost();
      }
    };
    this.comm = comm;
    comm.open({ client: this.names.own, replaces: this.names.before });
  }

  private received(pushed: Pushed): void {
    if (pushed.kind === 'reply') {
      const waiting = this.waiting.get(pushed.request);
      this.waiting.delete(pushed.request);
      if (pushed.ok) {
        waiting?.resolve(pushed);
      } else {
        waiting?.reject(new Refused(pushed.error ?? '', pushed.exists ?? false));
      }
    } else if (pushed.kind === 'document') {
      this.documentSignal.emit(pushed.document);
    } else {
      this.held = pushed;
      this.changedSignal.emit();
    }
  }

  /** Forgets the comm: after a restart, or when the kernel closed it. */
  private lost(): void {
    this.comm = null;
    this.held = null;
    for (const { reject } of this.waiting.values()) {
      reject(new Refused(MISSING, false));
    }
    this.waiting.clear();
    this.changedSignal.emit();
  }

  private heard(_: Kernel.IKernelConnection, message: KernelMessage.IIOPubMessage): void {
    const ended =
      message.header.msg_type === 'status' &&
      (message.content as { execution_state?: string }).execution_state === 'idle' &&
      (message.parent_header as { msg_type?: string }).msg_type === 'execute_request';
    if (ended && this.comm === null) {
      void this.look();
    }
  }

  private statusChanged(_: Kernel.IKernelConnection, status: Kernel.Status): void {
    if (['restarting', 'autorestarting', 'dead', 'terminating'].includes(status) && this.comm !== null) {
      this.comm.dispose();
      this.lost();
    }
  }

  private comm: Kernel.IComm | null = null;
  private held: Listing | null = null;
  private gone = false;
  private looking: Promise<void> | null = null;
  private next = 1;
  private readonly waiting = new Map<number, Waiting>();
  private readonly changedSignal = new Signal<this, void>(this);
  private readonly documentSignal = new Signal<this, ModelDocument>(this);
}

/** The channels of a page: one for each kernel, for as long as somebody needs it. */
export class Channels {
  constructor(private readonly names: PageNames) {}

  /** The channel of a kernel; give it back with `release`. */
  take(kernel: Kernel.IKernelConnection): Channel {
    let held = this.held.get(kernel);
    if (held === undefined || held.channel.isDisposed) {
      held = { channel: new Channel(kernel, this.names), users: 0 };
      this.held.set(kernel, held);
    }
    held.users += 1;
    return held.channel;
  }

  release(channel: Channel): void {
    const held = this.held.get(channel.kernel);
    if (held?.channel !== channel) {
      return;
    }
    held.users -= 1;
    if (held.users === 0) {
      this.held.delete(channel.kernel);
      channel.dispose();
    }
  }

  /** Closes all, as the page goes away. */
  close(): void {
    for (const { channel } of this.held.values()) {
      channel.dispose();
    }
    this.held.clear();
  }

  private readonly held = new Map<Kernel.IKernelConnection, { readonly channel: Channel; users: number }>();
}
