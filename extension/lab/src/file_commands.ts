import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Dialog, showDialog } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import type { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import type { Contents } from '@jupyterlab/services';

import { windowIcon } from './icons.js';
import { notebook, type KernelSpec } from './template.js';
import { COMMANDS, EXTENSIONS, MODEL_FACTORY, SESSION_FACTORY, type IBitWindow } from './tokens.js';

/** Adds the commands that make a notebook and that open a file as a document. */
export function addFileCommands(app: JupyterFrontEnd, shared: IBitWindow, browser: IDefaultFileBrowser | null): void {
  const { trans } = shared;
  app.commands.addCommand(COMMANDS.newNotebook, {
    label: args => (args.isLauncher === true ? trans.__('Bit Window') : trans.__('Bit Window: new quantizer notebook')),
    caption: trans.__('A notebook with a small network, quantized by your settings'),
    icon: windowIcon,
    execute: async args => {
      const folder = typeof args.cwd === 'string' ? args.cwd : (browser?.model.path ?? '');
      const path = await newNotebook(app, shared, folder);
      await app.commands.execute('docmanager:open', { path, factory: 'Notebook' });
    }
  });
  app.commands.addCommand(COMMANDS.quantizeFile, {
    label: args => (args.isContextMenu === true ? trans.__('Quantize') : trans.__('Bit Window: quantize this file')),
    caption: trans.__('Open a .bitwindow, .onnx or .keras file as a Bit Window document'),
    icon: windowIcon,
    isVisible: args => args.isContextMenu !== true || selectedFile(browser) !== null,
    execute: async args => {
      const path = typeof args.path === 'string' ? args.path : selectedFile(browser);
      if (path === null) {
        await showDialog({
          title: trans.__('No file to quantize'),
          body: trans.__('Select a .bitwindow, .onnx or .keras file in the file browser first.'),
          buttons: [Dialog.okButton()]
        });
        return;
      }
      const factory = PathExt.extname(path).toLowerCase() === '.bitwindow' ? SESSION_FACTORY : MODEL_FACTORY;
      await app.commands.execute('docmanager:open', { path, factory });
    }
  });
  app.contextMenu.addItem({
    command: COMMANDS.quantizeFile,
    args: { isContextMenu: true },
    selector: '.jp-DirListing-item[data-isdir="false"]',
    rank: 1.5
  });
}

/** The path of the selected file of the file browser that a document can show; null for none. */
function selectedFile(browser: IDefaultFileBrowser | null): string | null {
  const items: Contents.IModel[] = browser === null ? [] : [...browser.selectedItems()];
  const fitting = items.find(({ path }) => EXTENSIONS.some(extension => path.toLowerCase().endsWith(extension)));
  return fitting?.path ?? null;
}

/** Makes the notebook's file and returns its path. */
async function newNotebook(app: JupyterFrontEnd, { defaults }: IBitWindow, folder: string): Promise<string> {
  const { contents, kernelspecs } = app.serviceManager;
  await kernelspecs.ready;
  const known = kernelspecs.specs;
  const spec = known?.kernelspecs[known.default];
  const kernel: KernelSpec | null =
    spec === undefined ? null : { name: spec.name, display_name: spec.display_name, language: spec.language };
  const { path } = await contents.newUntitled({ path: folder, type: 'notebook' });
  await contents.save(path, { type: 'notebook', format: 'json', content: notebook(defaults(), kernel) });
  return path;
}
