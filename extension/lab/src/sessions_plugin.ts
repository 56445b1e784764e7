import { ILabShell, ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IConsoleTracker } from '@jupyterlab/console';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { ILauncher } from '@jupyterlab/launcher';
import { INotebookTracker } from '@jupyterlab/notebook';

import { addFileCommands } from './file_commands.js';
import { Follower } from './follower.js';
import { keepPictures } from './pictures.js';
import { pathOf, Sources } from './sources.js';
import { SideBar } from './side_bar.js';
import { saveAs } from './saving.js';
import { fileNameOf } from './session_list.js';
import { addTabs } from './tabs.js';
import { COMMANDS, IBitWindow } from './tokens.js';
import type { Session } from './wire.js';

/** The side bar, the tabs and the commands. */
export const sessionsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'bitwindow-lab:sessions',
  description: 'Lists the quantizers of a kernel and opens them as tabs.',
  autoStart: true,
  requires: [IBitWindow, INotebookTracker],
  optional: [IConsoleTracker, ILayoutRestorer, ICommandPalette, ILauncher, IDefaultFileBrowser, ILabShell],
  activate: (
    app: JupyterFrontEnd,
    shared: IBitWindow,
    notebooks: INotebookTracker,
    consoles: IConsoleTracker | null,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    launcher: ILauncher | null,
    browser: IDefaultFileBrowser | null,
    labShell: ILabShell | null
  ) => {
    const { trans, channels } = shared;
    keepPictures(notebooks);
    const sources = new Sources(notebooks, consoles);
    const follower = new Follower(sources, channels);
    const turn = (): void => {
      follower.follow(sources.current);
    };
    sources.currentChanged.connect(turn);
    turn();
    addFileCommands(app, shared, browser);
    addTabs(app, shared, sources, follower, restorer, labShell);
    const side = new SideBar(
      follower,
      trans,
      {
        open: ({ id }) => void app.commands.execute(COMMANDS.openTab, { quantizer: id }),
        undo: ({ id }) => void follower.channel?.ask('undo', { quantizer: id }),
        save: session => void save(follower, session, shared)
      },
      () => void app.commands.execute(COMMANDS.newNotebook)
    );
    app.shell.add(side, 'left', { rank: 900, type: 'Bit Window' });
    restorer?.add(side, side.id);
    const category = trans.__('Bit Window');
    for (const command of Object.values(COMMANDS)) {
      palette?.addItem({ command, category });
    }
    // In the launcher's own categories of notebooks and consoles a command's icon is not drawn. A category takes the icon of
    // its first tile, so this one comes after JupyterLab's own.
    launcher?.add({ command: COMMANDS.newNotebook, args: { isLauncher: true }, category: trans.__('Other'), rank: 2.5 });
  }
};

async function save(follower: Follower, session: Session, { trans }: IBitWindow): Promise<void> {
  const { channel, source } = follower;
  if (channel !== null && source !== null && pathOf(source) !== '') {
    const saving = { what: 'save', field: 'path', fields: { quantizer: session.id } } as const;
    await saveAs(channel, saving, fileNameOf(session), trans);
  }
}
