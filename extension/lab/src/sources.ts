import type { ISessionContext } from '@jupyterlab/apputils';
import type { ConsolePanel, IConsoleTracker } from '@jupyterlab/console';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { Kernel } from '@jupyterlab/services';
import { Signal, type ISignal } from '@lumino/signaling';

export type SourceKind = 'notebook' | 'console';

/** A notebook or a console: where quantizers come from. */
export interface Source {
  readonly kind: SourceKind;
  readonly panel: NotebookPanel | ConsolePanel;
  readonly context: ISessionContext;
  /** Its own, as that knows its widgets. */
  readonly rendermime: IRenderMimeRegistry;
}

export function pathOf({ context }: Source): string {
  return context.path;
}

/** The open notebooks and consoles, and the one that the user works in. */
export class Sources {
  constructor(
    private readonly notebooks: INotebookTracker,
    private readonly consoles: IConsoleTracker | null
  ) {
    notebooks.currentChanged.connect(this.notebookChanged, this);
    notebooks.widgetAdded.connect(this.added, this);
    consoles?.currentChanged.connect(this.consoleChanged, this);
    consoles?.widgetAdded.connect(this.added, this);
    this.now = this.ofNotebook(notebooks.currentWidget);
  }

  get current(): Source | null {
    return this.now;
  }

  /** Emitted when the user turned to another notebook or console. */
  get currentChanged(): ISignal<this, void> {
    return this.currentSignal;
  }

  /** Emitted when a notebook or console opened. */
  get opened(): ISignal<this, void> {
    return this.openedSignal;
  }

  find(kind: SourceKind, path: string): Source | null {
    return this.all().find(source => source.kind === kind && pathOf(source) === path) ?? null;
  }

  /** The kernel connection that takes comms: of several connections to one kernel only the first does. */
  kernelOf(source: Source): Kernel.IKernelConnection | null {
    const own = source.context.session?.kernel ?? null;
    if (own === null || own.handleComms) {
      return own;
    }
    const others = this.all().map(other => other.context.session?.kernel ?? null);
    return others.find(kernel => kernel !== null && kernel.id === own.id && kernel.handleComms) ?? own;
  }

  dispose(): void {
    Signal.disconnectReceiver(this);
    Signal.clearData(this);
  }

  private all(): Source[] {
    const found: Source[] = [];
    this.notebooks.forEach(panel => {
      found.push(sourceOfNotebook(panel));
    });
    this.consoles?.forEach(panel => {
      found.push(sourceOfConsole(panel));
    });
    return found;
  }

  private notebookChanged(_: INotebookTracker, panel: NotebookPanel | null): void {
    this.become(this.ofNotebook(panel) ?? this.ofConsole(this.consoles?.currentWidget ?? null));
  }

  private consoleChanged(_: IConsoleTracker, panel: ConsolePanel | null): void {
    this.become(this.ofConsole(panel) ?? this.ofNotebook(this.notebooks.currentWidget));
  }

  private become(source: Source | null): void {
    if (source?.panel !== this.now?.panel) {
      this.now = source;
      this.currentSignal.emit();
    }
  }

  private added(): void {
    this.openedSignal.emit();
  }

  private ofNotebook(panel: NotebookPanel | null): Source | null {
    return panel === null ? null : sourceOfNotebook(panel);
  }

  private ofConsole(panel: ConsolePanel | null): Source | null {
    return panel === null ? null : sourceOfConsole(panel);
  }

  private now: Source | null;
  private readonly currentSignal = new Signal<this, void>(this);
  private readonly openedSignal = new Signal<this, void>(this);
}

function sourceOfNotebook(panel: NotebookPanel): Source {
  return { kind: 'notebook', panel, context: panel.sessionContext, rendermime: panel.content.rendermime };
}

function sourceOfConsole(panel: ConsolePanel): Source {
  return { kind: 'console', panel, context: panel.sessionContext, rendermime: panel.console.rendermime };
}
