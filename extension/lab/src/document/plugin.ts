import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { WidgetTracker } from '@jupyterlab/apputils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { ABCWidgetFactory, type DocumentRegistry } from '@jupyterlab/docregistry';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';

import { windowIcon } from '../icons.js';
import { IBitWindow, MODEL_FACTORY, MODEL_TYPES, SESSION_FACTORY, SESSION_TYPE } from '../tokens.js';
import { KernelFileFactory } from './kernel_file.js';
import { QuantizerDocument } from './widget.js';

type Make = (context: DocumentRegistry.Context) => QuantizerDocument;

class QuantizerDocumentFactory extends ABCWidgetFactory<QuantizerDocument> {
  constructor(
    options: DocumentRegistry.IWidgetFactoryOptions<QuantizerDocument>,
    private readonly make: Make
  ) {
    super(options);
  }

  protected override createNewWidget(context: DocumentRegistry.Context): QuantizerDocument {
    return this.make(context);
  }
}

/** Opens `.bitwindow`, `.onnx` and `.keras` files as documents. */
export const documentsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'bitwindow-lab:documents',
  description: 'Opens models and quantizers as documents.',
  autoStart: true,
  requires: [IBitWindow, IDocumentManager, IRenderMimeRegistry],
  optional: [ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    shared: IBitWindow,
    files: IDocumentManager,
    rendermime: IRenderMimeRegistry,
    restorer: ILayoutRestorer | null
  ) => {
    const tracker = new WidgetTracker<QuantizerDocument>({ namespace: 'bitwindow-documents' });
    addFileTypes(app, shared);
    const make: Make = context => new QuantizerDocument(context, shared, files, rendermime);
    addFactory(app, SESSION_FACTORY, [SESSION_TYPE], false, make, tracker);
    addFactory(app, MODEL_FACTORY, [...MODEL_TYPES], true, make, tracker);
    void restorer?.restore(tracker, {
      command: 'docmanager:open',
      args: ({ context }) => ({
        path: context.path,
        factory: context.path.toLowerCase().endsWith('.bitwindow') ? SESSION_FACTORY : MODEL_FACTORY
      }),
      name: ({ context }) => context.path
    });
  }
};

function addFileTypes(app: JupyterFrontEnd, { trans }: IBitWindow): void {
  const displays: Record<string, string> = {
    bitwindow: trans.__('Bit Window quantizer'),
    onnx: trans.__('ONNX model'),
    keras: trans.__('Keras model')
  };
  for (const [name, displayName] of Object.entries(displays)) {
    app.docRegistry.addFileType({
      name,
      displayName,
      extensions: [`.${name}`],
      mimeTypes: ['application/octet-stream'],
      contentType: 'file',
      fileFormat: 'base64',
      icon: windowIcon
    });
  }
}

function addFactory(
  app: JupyterFrontEnd,
  name: string,
  fileTypes: string[],
  asksToSave: boolean,
  make: Make,
  tracker: WidgetTracker<QuantizerDocument>
): void {
  // JupyterLab finds a model's factory only under a name in small letters.
  const modelName = `${name} in a kernel`.toLowerCase();
  app.docRegistry.addModelFactory(new KernelFileFactory(modelName, asksToSave));
  const factory = new QuantizerDocumentFactory(
    {
      name,
      modelName,
      fileTypes,
      defaultFor: fileTypes,
      preferKernel: true,
      canStartKernel: true,
      shutdownOnClose: true
    },
    make
  );
  factory.widgetCreated.connect((_, widget) => {
    widget.context.pathChanged.connect(() => void tracker.save(widget));
    void tracker.add(widget);
  });
  // Its types leave undefined out where its own classes allow it.
  app.docRegistry.addWidgetFactory(factory as unknown as DocumentRegistry.WidgetFactory);
}
