import { Dialog, InputDialog, Notification, showDialog, showErrorMessage } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { JSONObject } from '@lumino/coreutils';

import { Refused, type Channel } from './channel.js';

/** A request that writes a file: which, and with what fields besides the path. */
export interface Saving {
  readonly what: 'save' | 'save-document';
  readonly field: 'path' | 'target';
  readonly fields: JSONObject;
}

/**
 * Asks for a path, relative to the kernel's folder, and has the kernel write there; a file that exists is only replaced
 * when the user says so.
 *
 * @returns where it was written; null when the user thought better of it or it failed, which was said then.
 */
export async function saveAs(
  channel: Channel,
  saving: Saving,
  offered: string,
  trans: TranslationBundle
): Promise<string | null> {
  const asked = await InputDialog.getText({
    title: trans.__('Save the quantizer'),
    label: trans.__('A .bitwindow file; its path begins at the folder of the notebook or document'),
    text: offered,
    okLabel: trans.__('Save')
  });
  const path = asked.button.accept ? (asked.value ?? '').trim() : '';
  if (path === '') {
    return null;
  }
  const written = await write(channel, saving, path, trans);
  if (written !== null) {
    Notification.success(trans.__('Saved %1', written), { autoClose: 3000 });
  }
  return written;
}

/** Has the kernel write to a path; asks first where a file is there already. */
async function write(
  channel: Channel,
  { what, field, fields }: Saving,
  path: string,
  trans: TranslationBundle
): Promise<string | null> {
  try {
    return (await channel.ask(what, { ...fields, [field]: path })).path ?? path;
  } catch (error) {
    if (!(error instanceof Refused) || !error.exists) {
      await showErrorMessage(trans.__('The quantizer was not saved'), error as Error);
      return null;
    }
  }
  const answer = await showDialog({
    title: trans.__('Replace the file?'),
    body: trans.__('“%1” exists already. What it holds would be lost.', path),
    buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: trans.__('Replace') })]
  });
  if (!answer.button.accept) {
    return null;
  }
  try {
    return (await channel.ask(what, { ...fields, [field]: path, overwrite: true })).path ?? path;
  } catch (error) {
    await showErrorMessage(trans.__('The quantizer was not saved'), error as Error);
    return null;
  }
}
