import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { documentsPlugin } from './document/plugin.js';
import { sessionsPlugin } from './sessions_plugin.js';
import { settingsPlugin } from './settings_plugin.js';

const plugins: JupyterFrontEndPlugin<unknown>[] = [settingsPlugin, sessionsPlugin, documentsPlugin];

export default plugins;
