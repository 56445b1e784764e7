import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { ISessionContext } from '@jupyterlab/apputils';
import type { ICodeCellModel } from '@jupyterlab/cells';
import type { KernelMessage } from '@jupyterlab/services';

import { placesOf, readUpdate, type Update } from './picture_places.js';

/**
 * Keeps the pictures of panels in notebooks up to date. The kernel sends a changed one as any output is replaced; but
 * once its page was loaded again, JupyterLab has forgotten which output it belongs to, which its place still tells:
 * right behind the widget.
 */
export function keepPictures(notebooks: INotebookTracker): void {
  notebooks.widgetAdded.connect((_, panel) => {
    panel.sessionContext.iopubMessage.connect((_: ISessionContext, message: KernelMessage.IMessage) => {
      const update = readUpdate(message);
      if (update !== null) {
        replace(panel, update);
      }
    });
  });
}

function replace({ content }: NotebookPanel, update: Update): void {
  for (const cell of content.model?.cells ?? []) {
    if (cell.type === 'code') {
      const { outputs } = cell as ICodeCellModel;
      for (const place of placesOf(outputs.toJSON(), update)) {
        outputs.set(place, { output_type: 'display_data', data: update.data, metadata: update.metadata });
      }
    }
  }
}
