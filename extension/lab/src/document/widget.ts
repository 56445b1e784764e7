import type { IDocumentManager } from '@jupyterlab/docmanager';
import { DocumentWidget, type DocumentRegistry } from '@jupyterlab/docregistry';
import { FileDialog } from '@jupyterlab/filebrowser';
import { PathExt } from '@jupyterlab/coreutils';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { IDisposable } from '@lumino/disposable';

import { assignmentOf, displayOf } from '../defaults.js';
import { windowIcon } from '../icons.js';
import type { IBitWindow } from '../tokens.js';
import { Saver } from './saver.js';
import { DocumentSession } from './session.js';
import { DocumentView } from './view.js';
import { manageWidgets } from './widgets.js';

/** A model's file as a document: from loading over calibration to the quantizer's panel. */
export class QuantizerDocument extends DocumentWidget<DocumentView> {
  constructor(
    context: DocumentRegistry.Context,
    private readonly shared: IBitWindow,
    private readonly files: IDocumentManager,
    rendermime: IRenderMimeRegistry
  ) {
    super({ context, content: new DocumentView(shared.trans, actionsOf(() => this)) });
    this.title.icon = windowIcon;
    this.rendermime = rendermime.clone();
    this.session = new DocumentSession(context, shared.channels, this.local(context.path));
    new Saver(context, this.session, files.services.contents, shared.trans);
    this.session.changed.connect(this.refresh, this);
    void manageWidgets(context, this.rendermime).then(manager => {
      if (this.isDisposed) {
        manager.dispose();
      } else {
        this.manager = manager;
        this.refresh();
      }
    });
    this.refresh();
  }

  override dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this.session.changed.disconnect(this.refresh, this);
    this.session.dispose();
    super.dispose();
    this.manager?.dispose();
  }

  async calibrate(): Promise<void> {
    const data = await this.chooseData(this.shared.trans.__('Calibration data'));
    if (data !== null) {
      await this.session.ask('calibrate', { data, settings: assignmentOf(this.shared.defaults()) });
    }
  }

  async validate(): Promise<void> {
    const data = await this.chooseData(this.shared.trans.__('Validation data'));
    if (data !== null) {
      await this.session.ask('validate', { data });
    }
  }

  async save(): Promise<void> {
    await this.context.save();
  }

  async loadAgain(fn: string): Promise<void> {
    await this.session.loadAgain(fn);
  }

  async startKernel(): Promise<void> {
    await this.context.sessionContext.startKernel();
  }

  /** Says what went wrong where the user looks. */
  fail(error: unknown): void {
    const name = error instanceof Error ? error.name : '';
    if (!this.isDisposed && name !== 'ModalCancelError') {
      this.problem = error instanceof Error ? error.message : (error as string);
      this.refresh();
    }
  }

  /** Forgets what went wrong before. */
  begin(): void {
    this.problem = null;
    this.refresh();
  }

  private async chooseData(title: string): Promise<string | null> {
    const folder = PathExt.dirname(this.context.path);
    const chosen = await FileDialog.getOpenFiles({
      manager: this.files,
      title: this.shared.trans.__('%1: choose an .npz file', title),
      defaultPath: folder,
      filter: model => (model.name.toLowerCase().endsWith('.npz') ? { score: 1 } : null)
    });
    const path = chosen.button.accept ? chosen.value?.[0]?.path : undefined;
    return path === undefined ? null : this.session.fromKernel(this.local(path));
  }

  private refresh(): void {
    const stage = this.session.stage;
    const error = this.problem;
    const shown = error !== null && 'error' in stage && stage.kind !== 'no-package' ? { ...stage, error } : stage;
    this.content.showStage(shown);
    this.context.model.dirty = this.session.dirty;
    if (stage.kind === 'ready' && this.manager !== null) {
      void this.showPanel(stage.document.quantizer);
    }
  }

  private async showPanel(quantizer: number): Promise<void> {
    const channel = this.session.connection;
    const asked = `${channel?.kernel.id ?? ''} ${quantizer}`;
    if (channel === null || (this.asked === asked && this.content.panel.shown !== '') || this.asking) {
      return;
    }
    this.asking = true;
    try {
      const tab = `document ${this.session.key}`;
      const { model } = await channel.ask('panel', { quantizer, tab, display: displayOf(this.shared.defaults()) });
      if (!this.isDisposed) {
        this.asked = asked;
        await this.content.panel.showModel(this.rendermime, model ?? '');
      }
    } catch (error) {
      this.fail(error);
    } finally {
      this.asking = false;
    }
  }

  private local(path: string): string {
    return this.files.services.contents.localPath(path);
  }

  private readonly session: DocumentSession;
  private readonly rendermime: IRenderMimeRegistry;
  private manager: IDisposable | null = null;
  private asked = '';
  private asking = false;
  private problem: string | null = null;
}

/** The buttons' actions on a document that is still to be made. */
function actionsOf(made: () => QuantizerDocument): ConstructorParameters<typeof DocumentView>[1] {
  const run = (action: (target: QuantizerDocument) => Promise<void>): void => {
    const target = made();
    target.begin();
    action(target).catch((error: unknown) => {
      target.fail(error);
    });
  };
  return {
    calibrate: () => {
      run(target => target.calibrate());
    },
    validate: () => {
      run(target => target.validate());
    },
    save: () => {
      run(target => target.save());
    },
    loadAgain: fn => {
      run(target => target.loadAgain(fn));
    },
    startKernel: () => {
      run(target => target.startKernel());
    }
  };
}
