import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { INotebookModel } from '@jupyterlab/notebook';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';

/**
 * Gives a document's renderers the widgets of its kernel. The installed widget manager does that for notebooks; a
 * document gets the same by looking like one that has no widgets stored.
 */
export async function manageWidgets(
  context: DocumentRegistry.Context,
  rendermime: IRenderMimeRegistry
): Promise<IDisposable> {
  const { registerWidgetManager } = await import('@jupyter-widgets/jupyterlab-manager');
  const { sessionContext, urlResolver, path } = context;
  const notebook = {
    sessionContext,
    urlResolver,
    path,
    model: { getMetadata: () => undefined, setMetadata: () => undefined, dirty: false },
    saveState: new Signal<object, string>({})
  };
  return registerWidgetManager(
    notebook as unknown as DocumentRegistry.IContext<INotebookModel>,
    rendermime,
    [].values()
  );
}
