import type { Listing, Metric, Session } from './wire.js';

/** What is known of the notebook or console that the user works in. */
export interface Situation {
  /** Its name; null where none is open. */
  readonly name: string | null;
  readonly kernel: 'none' | 'starting' | 'ready';
  /** What the kernel pushed last; null where the package is not imported. */
  readonly listing: Listing | null;
}

export type ListState =
  | { readonly kind: 'no-notebook' }
  | { readonly kind: 'no-kernel' | 'starting' | 'not-imported' | 'no-quantizer'; readonly name: string }
  | { readonly kind: 'listed'; readonly name: string; readonly process: string; readonly sessions: readonly Session[] };

/** Decides what the side bar shows. */
export function listState({ name, kernel, listing }: Situation): ListState {
  if (name === null) {
    return { kind: 'no-notebook' };
  }
  if (kernel !== 'ready') {
    return { kind: kernel === 'none' ? 'no-kernel' : 'starting', name };
  }
  if (listing === null) {
    return { kind: 'not-imported', name };
  }
  if (listing.sessions.length === 0) {
    return { kind: 'no-quantizer', name };
  }
  return { kind: 'listed', name, process: listing.process, sessions: listing.sessions };
}

/** What a quantizer is called: by its variables where it has some, and by its model. */
export function titleOf(session: Session): string {
  return session.variables.length === 0 ? session.name : `${session.variables.join(', ')} · ${session.name}`;
}

/** How sure a figure is: over all samples, or an estimate over the first ones. */
export function basisOf(metric: Metric): 'failed' | 'waiting' | 'exact' | 'estimate' {
  if (metric.error !== null) {
    return 'failed';
  }
  if (metric.n === 0) {
    return 'waiting';
  }
  return metric.exact ? 'exact' : 'estimate';
}

/** A file's name to offer: the variable's or the model's, of letters that every system takes. */
export function fileNameOf(session: Session): string {
  const stem = (session.variables[0] ?? session.name).replace(/[^\w.-]+/gu, '_').replace(/^[._]+|[._]+$/gu, '');
  return `${stem === '' ? 'network' : stem}.bitwindow`;
}
