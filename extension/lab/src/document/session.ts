import type { DocumentRegistry } from '@jupyterlab/docregistry';
import { PathExt } from '@jupyterlab/coreutils';
import { CommsOverSubshells, type Kernel } from '@jupyterlab/services';
import type { JSONObject } from '@lumino/coreutils';
import { Signal, type ISignal } from '@lumino/signaling';

import type { Channel, Channels } from '../channel.js';
import type { ModelDocument, Reply } from '../wire.js';
import { relativeTo, stageOf, type Stage } from './stage.js';

/** A document's kernel: it imports the package there, has the file opened, and follows what becomes of it. */
export class DocumentSession {
  constructor(
    private readonly context: DocumentRegistry.Context,
    private readonly channels: Channels,
    localPath: string
  ) {
    // The kernel's folder is the one that the file is in when the session starts.
    this.folder = PathExt.dirname(localPath);
    this.name = PathExt.basename(localPath);
    context.sessionContext.kernelChanged.connect(this.kernelChanged, this);
    context.sessionContext.statusChanged.connect(this.statusChanged, this);
    void context.sessionContext.ready.then(() => this.connect());
  }

  /** Emitted when `stage` or the document changed. */
  get changed(): ISignal<this, void> {
    return this.changedSignal;
  }

  get stage(): Stage {
    const { session, kernelDisplayStatus } = this.context.sessionContext;
    const running = (session?.kernel ?? null) !== null;
    const starting = ['starting', 'restarting', 'autorestarting', 'initializing', 'connecting'];
    const kernel = starting.includes(kernelDisplayStatus) || this.connecting ? 'starting' : running ? 'ready' : 'none';
    return stageOf({ kernel, importError: this.importError, document: this.document });
  }

  get dirty(): boolean {
    return this.document?.dirty ?? false;
  }

  /** The path of a file of the server, as the kernel can open it. */
  fromKernel(localPath: string): string {
    return relativeTo(this.folder, localPath);
  }

  async ask(what: string, fields: JSONObject): Promise<Reply> {
    if (this.channel === null) {
      throw new Error('The kernel is not connected.');
    }
    const reply = await this.channel.ask(what, { path: this.name, ...fields });
    this.take(reply.document);
    return reply;
  }

  /** The connection to the kernel, for requests of other kinds. */
  get connection(): Channel | null {
    return this.channel;
  }

  /** The name by which the kernel knows the document. */
  get key(): string {
    return this.name;
  }

  /** Opens the file again, after a failure. */
  async loadAgain(fn: string): Promise<void> {
    if (this.importError !== null || this.channel === null) {
      await this.connect();
    } else {
      await this.ask('open', { again: true, function: fn });
    }
  }

  dispose(): void {
    const { sessionContext } = this.context;
    sessionContext.kernelChanged.disconnect(this.kernelChanged, this);
    sessionContext.statusChanged.disconnect(this.statusChanged, this);
    this.channel?.ask('close', { path: this.name }).catch(() => undefined);
    this.leave();
    this.gone = true;
    Signal.clearData(this);
  }

  private async connect(): Promise<void> {
    const kernel = this.context.sessionContext.session?.kernel ?? null;
    this.leave();
    this.document = null;
    if (kernel === null || this.gone) {
      this.changedSignal.emit();
      return;
    }
    // All messages in one queue: what is saved must hold the change that was made just before, and each kind of comm in
    // a subshell of its own would be handled beside the others. No cells run here that they could have to wait for.
    kernel.commsOverSubshells = CommsOverSubshells.Disabled;
    this.connecting = true;
    this.changedSignal.emit();
    this.importError = await importPackage(kernel);
    this.connecting = false;
    if (this.importError === null && this.context.sessionContext.session?.kernel === kernel) {
      await this.open(kernel);
    }
    this.changedSignal.emit();
  }

  private async open(kernel: Kernel.IKernelConnection): Promise<void> {
    const channel = this.channels.take(kernel);
    this.channel = channel;
    channel.document.connect(this.told, this);
    try {
      // Asked for after the import has run; a question from before may have been answered with no.
      if ((await channel.look()) || (await channel.look())) {
        await this.ask('open', {});
      } else {
        this.importError = 'bitwindow is imported, but its kernel answers no comm.';
      }
    } catch (error) {
      this.importError = error instanceof Error ? error.message : (error as string);
    }
  }

  private leave(): void {
    if (this.channel !== null) {
      this.channel.document.disconnect(this.told, this);
      this.channels.release(this.channel);
      this.channel = null;
    }
  }

  private kernelChanged(): void {
    void this.connect();
  }

  private statusChanged(_: unknown, status: Kernel.Status): void {
    if (status === 'restarting' || status === 'autorestarting') {
      this.restarted = true;
      this.leave();
      this.document = null;
    } else if (this.restarted && status === 'idle') {
      this.restarted = false;
      void this.connect();
    }
    this.changedSignal.emit();
  }

  private told(_: Channel, document: ModelDocument): void {
    this.take(document);
  }

  private take(document: ModelDocument | undefined): void {
    if (document?.path === this.name) {
      this.document = document;
      this.changedSignal.emit();
    }
  }

  private readonly folder: string;
  private readonly name: string;
  private channel: Channel | null = null;
  private document: ModelDocument | null = null;
  private importError: string | null = null;
  private connecting = false;
  private restarted = false;
  private gone = false;
  private readonly changedSignal = new Signal<this, void>(this);
}

/** Imports the package in a kernel; returns what went wrong, or null. */
async function importPackage(kernel: Kernel.IKernelConnection): Promise<string | null> {
  const request = { code: 'import bitwindow', silent: true, store_history: false, stop_on_error: false };
  try {
    const { content } = await kernel.requestExecute(request).done;
    return content.status === 'error' ? `${content.ename}: ${content.evalue}` : null;
  } catch (error) {
    return error instanceof Error ? error.message : (error as string);
  }
}
