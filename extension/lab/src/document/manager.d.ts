// The widget manager comes from the installed labextension by module sharing; what is used of it is declared here.
declare module '@jupyter-widgets/jupyterlab-manager' {
  import type { DocumentRegistry } from '@jupyterlab/docregistry';
  import type { INotebookModel } from '@jupyterlab/notebook';
  import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
  import type { IDisposable } from '@lumino/disposable';

  /** Gives `rendermime` a renderer of widgets, once the context's kernel runs. */
  export function registerWidgetManager(
    context: DocumentRegistry.IContext<INotebookModel>,
    rendermime: IRenderMimeRegistry,
    renderers: IterableIterator<never>
  ): IDisposable;
}
