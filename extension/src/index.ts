import { IJupyterWidgetRegistry } from '@jupyter-widgets/base';

import { showOneOutput } from './saved_output.js';
import { MODULE_NAME, MODULE_VERSION } from './version.js';

interface WidgetsPlugin {
  readonly id: string;
  readonly description: string;
  readonly autoStart: boolean;
  readonly requires: readonly [typeof IJupyterWidgetRegistry];
  activate(app: unknown, registry: IJupyterWidgetRegistry): void;
}

/** Registers the widgets; they load on first use because they need bqplot's share scope. */
const plugin: WidgetsPlugin = {
  id: 'bitwindow:widgets',
  description: 'The bit window widgets.',
  autoStart: true,
  requires: [IJupyterWidgetRegistry],
  activate: (_app, registry) => {
    showOneOutput(document);
    registry.registerWidget({
      name: MODULE_NAME,
      version: MODULE_VERSION,
      exports: async () => ({ ...(await import('./widgets/index.js')) })
    });
  }
};

export default plugin;
