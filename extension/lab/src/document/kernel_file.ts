import { DocumentModel, type DocumentRegistry } from '@jupyterlab/docregistry';
import type { Contents } from '@jupyterlab/services';

/**
 * The model of a file that the kernel alone reads and writes: the browser never loads what it holds.
 *
 * JupyterLab saves by itself what is dirty. For a session that is right; beside a model's file a path must be asked for,
 * which may only happen when somebody asks to save: `collaborative` keeps JupyterLab from saving it unasked.
 */
export class KernelFileFactory implements DocumentRegistry.IModelFactory<DocumentModel> {
  readonly contentType: Contents.ContentType = 'file';
  /** No format: the content is not asked for. */
  readonly fileFormat = null as unknown as Contents.FileFormat;

  constructor(
    readonly name: string,
    readonly collaborative: boolean
  ) {}

  get isDisposed(): boolean {
    return this.gone;
  }

  dispose(): void {
    this.gone = true;
  }

  createNew(options: DocumentRegistry.IModelOptions = {}): DocumentModel {
    const { languagePreference } = options;
    return new DocumentModel({
      ...(languagePreference === undefined ? {} : { languagePreference }),
      collaborationEnabled: this.collaborative
    });
  }

  preferredLanguage(): string {
    return 'python';
  }

  private gone = false;
}
