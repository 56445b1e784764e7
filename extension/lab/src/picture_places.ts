import type { IMimeBundle, IOutput } from '@jupyterlab/nbformat';
import type { KernelMessage } from '@jupyterlab/services';

import { WIDGET_VIEW } from './mime.js';

/** How the kernel calls the picture of a panel; behind it stands the widget's own name. */
const PICTURE = 'bitwindow-picture-';
const IMAGE = 'image/png';

/** A new picture of the panel that is the widget of that name. */
export interface Update {
  readonly widget: string;
  readonly data: IMimeBundle;
  readonly metadata: IMimeBundle;
}

/** A message's new picture; null for any other message. */
export function readUpdate(message: KernelMessage.IMessage): Update | null {
  if (message.header.msg_type !== 'update_display_data') {
    return null;
  }
  const { data, metadata, transient } = (message as KernelMessage.IUpdateDisplayDataMsg).content;
  const id = transient.display_id;
  const isOurs = typeof id === 'string' && id.startsWith(PICTURE) && typeof data[IMAGE] === 'string';
  return isOurs ? { widget: id.slice(PICTURE.length), data, metadata: metadata as IMimeBundle } : null;
}

/** The places of the pictures that stand behind a widget and are others than the new one. */
export function placesOf(outputs: readonly IOutput[], { widget, data }: Update): number[] {
  return outputs.flatMap((output, place) => {
    const before = bundleOf(outputs[place - 1])[WIDGET_VIEW] as { readonly model_id?: string } | undefined;
    const image = bundleOf(output)[IMAGE];
    return before?.model_id === widget && image !== undefined && image !== data[IMAGE] ? [place] : [];
  });
}

function bundleOf(output: IOutput | undefined): IMimeBundle {
  return (output?.data ?? {}) as IMimeBundle;
}

