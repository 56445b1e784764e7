import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { UUID } from '@lumino/coreutils';

import { Channels } from './channel.js';
import { FACTORY, readDefaults, type Defaults } from './defaults.js';
import { namePage } from './page_names.js';
import { IBitWindow } from './tokens.js';

const ID = 'bitwindow-lab:plugin';

/** Reads the settings, and holds what the other parts share. */
export const settingsPlugin: JupyterFrontEndPlugin<IBitWindow> = {
  id: ID,
  description: 'The settings of Bit Window.',
  autoStart: true,
  provides: IBitWindow,
  optional: [ISettingRegistry, ITranslator],
  activate: (_app: JupyterFrontEnd, registry: ISettingRegistry | null, translator: ITranslator | null) => {
    const trans = (translator ?? nullTranslator).load('bitwindow');
    let defaults: Defaults = FACTORY;
    registry
      ?.load(ID)
      .then(settings => {
        const read = (): void => {
          defaults = readDefaults(settings.composite);
        };
        settings.changed.connect(read);
        read();
      })
      .catch((error: unknown) => {
        console.error('Bit Window could not read its settings and goes on with its own:', error);
      });
    const [entry] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
    const channels = new Channels(namePage(sessionStorage, UUID.uuid4(), entry?.type === 'reload'));
    // A page that goes away says so; a browser that crashed cannot, and its next page says it then.
    window.addEventListener('pagehide', () => {
      channels.close();
    });
    return { trans, channels, defaults: () => defaults };
  }
};
