// Generated from kernel_side/bitwindow/channel/schema.json by `npm run schema`; do not edit.

/**
 * What the kernel pushes to JupyterLab over the comm bitwindow.sessions.
 */
export type Pushed = Listing | DocumentState | Reply;
/**
 * Samples counted, and how many there are where that is known; null while nothing is counted.
 */
export type Progress = null | [number | null, number | null];

/**
 * All living quantizers of the kernel's process, oldest first.
 */
export interface Listing {
  kind: 'sessions';
  /**
   * Names the kernel's process: another one after a restart.
   */
  process: string;
  sessions: Session[];
}
export interface Session {
  /**
   * The quantizer's number in its process.
   */
  id: number;
  /**
   * The model's name: text, never markup.
   */
  name: string;
  variables: string[];
  sites: number;
  calibrated: boolean;
  samples: number;
  progress: Progress;
  scheme: string;
  wordLength: number;
  metric: Metric | null;
  floatMemory: string;
  quantizedMemory: string;
  canUndo: boolean;
  canRedo: boolean;
}
/**
 * The live evaluation; its figures are text as the panel writes them.
 */
export interface Metric {
  name: string;
  float: string;
  quantized: string;
  n: number;
  total: number;
  exact: boolean;
  error: string | null;
}
/**
 * How far a document's file is.
 */
export interface DocumentState {
  kind: 'document';
  document: ModelDocument;
}
export interface ModelDocument {
  path: string;
  stage: 'loading' | 'waiting' | 'calibrating' | 'ready' | 'failed';
  error: string | null;
  /**
   * Whether the file lacks its model's function.
   */
  wantsFunction: boolean;
  inputs: Input[];
  sites: number;
  progress: Progress;
  /**
   * Its number; 0 for none.
   */
  quantizer: number;
  validated: boolean;
  dirty: boolean;
}
/**
 * An array that a data file must hold.
 */
export interface Input {
  name: string;
  shape: string;
  dtype: string;
}
/**
 * The answer to a request: what was asked for, or words that say why not.
 */
export interface Reply {
  kind: 'reply';
  request: number;
  ok: boolean;
  error?: string;
  exists?: boolean;
  model?: string;
  path?: string;
  changed?: boolean;
  document?: ModelDocument;
}
