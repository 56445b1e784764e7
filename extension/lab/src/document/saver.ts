import { Dialog, Notification, showDialog, showErrorMessage } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { Contents } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';

import { saveAs } from '../saving.js';
import type { DocumentSession } from './session.js';
import { offeredName, savesInPlace } from './stage.js';

/** By this name JupyterLab knows that a saving was called off, and leaves the document open. */
const CALLED_OFF = 'ModalCancelError';
/** File systems keep times no finer than this, in milliseconds. */
const MARGIN = 500;

/**
 * Saves a document through its kernel, where the quantizer is: a session to its own file, anything else to a session
 * file that is asked for once. A context's own saving would write the browser's copy, which there is none of.
 */
export class Saver {
  constructor(
    private readonly context: DocumentRegistry.Context,
    private readonly session: DocumentSession,
    private readonly contents: Contents.IManager,
    private readonly trans: TranslationBundle
  ) {
    context.save = () => this.save();
    context.saveAs = () => this.saveElsewhere();
  }

  private async save(): Promise<void> {
    if (this.session.stage.kind !== 'ready') {
      Notification.info(this.trans.__('There is nothing to save yet: calibrate first.'), { autoClose: 3000 });
      return;
    }
    const path = this.contents.localPath(this.context.path);
    if (savesInPlace(path)) {
      await this.mayReplace();
      await this.write(this.session.fromKernel(path));
      // Takes the file's new time, so that the next saving does not take our own writing for somebody else's.
      await this.context.revert();
    } else if (this.target !== null) {
      await this.write(this.target);
    } else {
      await this.saveElsewhere();
    }
  }

  private async saveElsewhere(): Promise<void> {
    const channel = this.session.connection;
    if (channel === null || this.session.stage.kind !== 'ready') {
      return this.save();
    }
    const saving = { what: 'save-document', field: 'target', fields: { path: this.session.key } } as const;
    const written = await saveAs(channel, saving, offeredName(this.context.path), this.trans);
    if (written === null) {
      throw calledOff();
    }
    if (!savesInPlace(this.context.path)) {
      this.target = written;
    }
    this.context.model.dirty = false;
  }

  private async write(target: string): Promise<void> {
    try {
      await this.session.ask('save-document', { target, overwrite: true });
      this.context.model.dirty = false;
    } catch (error) {
      await showErrorMessage(this.trans.__('The quantizer was not saved'), error as Error);
      throw calledOff();
    }
  }

  /** Asks before a file is replaced that somebody else wrote since it was opened. */
  private async mayReplace(): Promise<void> {
    const ours = this.context.contentsModel?.last_modified;
    const theirs = await this.contents.get(this.context.path, { content: false }).catch(() => null);
    if (ours === undefined || theirs === null || Date.parse(theirs.last_modified) - Date.parse(ours) <= MARGIN) {
      return;
    }
    const answer = await showDialog({
      title: this.trans.__('Replace the file?'),
      body: this.trans.__('“%1” was changed on disk since it was opened.', PathExt.basename(this.context.path)),
      buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: this.trans.__('Replace') })]
    });
    if (!answer.button.accept) {
      throw calledOff();
    }
  }

  private target: string | null = null;
}

function calledOff(): Error {
  const error = new Error('Cancel');
  error.name = CALLED_OFF;
  return error;
}
