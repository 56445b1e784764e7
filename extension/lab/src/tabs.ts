import type { ILabShell, ILayoutRestorer, JupyterFrontEnd } from '@jupyterlab/application';
import { InputDialog, MainAreaWidget, showErrorMessage, WidgetTracker } from '@jupyterlab/apputils';
import { UUID, type ReadonlyPartialJSONObject } from '@lumino/coreutils';

import type { Follower } from './follower.js';
import { windowIcon } from './icons.js';
import { displayOf } from './defaults.js';
import { titleOf } from './session_list.js';
import { pathOf, type Sources } from './sources.js';
import { QuantizerTab, type Place } from './tab.js';
import { COMMANDS, type IBitWindow } from './tokens.js';
import { emptyWords } from './words.js';

/** Adds the command that opens a quantizer as a tab, and brings the tabs back when the page is loaded again. */
export function addTabs(
  app: JupyterFrontEnd,
  shared: IBitWindow,
  sources: Sources,
  follower: Follower,
  restorer: ILayoutRestorer | null,
  labShell: ILabShell | null
): void {
  const { trans, channels } = shared;
  const tracker = new WidgetTracker<MainAreaWidget<QuantizerTab>>({ namespace: 'bitwindow-tabs' });

  const open = async (place: Place, beside: string | null): Promise<void> => {
    const content = new QuantizerTab(place, sources, channels, trans, () => displayOf(shared.defaults()));
    const tab = new MainAreaWidget({ content });
    tab.id = `bitwindow-tab-${place.tab}`;
    content.title.icon = windowIcon;
    content.title.label = content.title.label === '' ? trans.__('Bit Window') : content.title.label;
    content.title.caption = place.path;
    tab.title.closable = true;
    content.moved.connect(() => void tracker.save(tab));
    // Notebook 7 has room for one main widget, the notebook itself.
    app.shell.add(tab, labShell === null ? 'down' : 'main', {
      ...(beside === null ? {} : { ref: beside, mode: 'split-right' }),
      type: 'Bit Window'
    });
    await tracker.add(tab);
    app.shell.activateById(tab.id);
  };

  app.commands.addCommand(COMMANDS.openTab, {
    label: trans.__('Bit Window: open quantizer in a main-area tab'),
    caption: trans.__('Show a quantizer of the current notebook’s kernel beside the notebook'),
    icon: windowIcon,
    execute: async args => {
      const restored = readPlace(args);
      if (restored !== null) {
        await open(restored, null);
        return;
      }
      const place = await chosen(follower, args, shared);
      if (place !== null) {
        await open(place, follower.source?.panel.id ?? null);
      }
    }
  });
  void restorer?.restore(tracker, {
    command: COMMANDS.openTab,
    args: tab => ({ ...tab.content.args }),
    name: tab => tab.content.args.tab
  });
}

/** The quantizer that a command's arguments name, else the only one, else the one that the user picks. */
async function chosen(
  follower: Follower,
  args: ReadonlyPartialJSONObject,
  { trans }: IBitWindow
): Promise<Place | null> {
  const { source, state } = follower;
  if (source === null || state.kind !== 'listed') {
    await showErrorMessage(trans.__('There is no quantizer to open'), emptyWords(state, trans).join('\n'));
    return null;
  }
  let session = state.sessions.find(({ id }) => id === args.quantizer);
  if (session === undefined && state.sessions.length === 1) {
    session = state.sessions[0];
  }
  if (session === undefined) {
    const names = state.sessions.map(each => `${each.id}: ${titleOf(each)}`);
    const picked = await InputDialog.getItem({ title: trans.__('Which quantizer?'), items: names });
    session = picked.button.accept ? state.sessions[names.indexOf(picked.value ?? '')] : undefined;
  }
  if (session === undefined) {
    return null;
  }
  const { kind } = source;
  return { kind, path: pathOf(source), process: state.process, quantizer: session.id, tab: UUID.uuid4() };
}

/** A place as the layout kept it; null where the arguments are none. */
function readPlace(args: ReadonlyPartialJSONObject): Place | null {
  const { kind, path, process, quantizer, tab } = args;
  const isPlace =
    (kind === 'notebook' || kind === 'console') &&
    typeof path === 'string' &&
    typeof process === 'string' &&
    typeof quantizer === 'number' &&
    typeof tab === 'string';
  return isPlace ? { kind, path, process, quantizer, tab } : null;
}
