import type { TranslationBundle } from '@jupyterlab/translation';
import { Token } from '@lumino/coreutils';

import type { Channels } from './channel.js';
import type { Defaults } from './defaults.js';

/** What all parts of the extension share. */
export interface IBitWindow {
  readonly trans: TranslationBundle;
  readonly channels: Channels;
  /** The user's settings as they are now. */
  defaults(): Defaults;
}

export const IBitWindow = new Token<IBitWindow>('bitwindow-lab:IBitWindow', 'The settings and words of Bit Window.');

export const COMMANDS = {
  newNotebook: 'bitwindow:new-notebook',
  openTab: 'bitwindow:open-tab',
  quantizeFile: 'bitwindow:quantize-file'
} as const;

/** The names of the ways to open a file; both show the same document. */
export const SESSION_FACTORY = 'Bit Window';
export const MODEL_FACTORY = 'Bit Window (model)';
export const SESSION_TYPE = 'bitwindow';
export const MODEL_TYPES = ['onnx', 'keras'] as const;
export const EXTENSIONS = ['.bitwindow', '.onnx', '.keras'] as const;
