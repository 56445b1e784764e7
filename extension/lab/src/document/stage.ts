import type { ModelDocument } from '../wire.js';

/** What is known of a document: its kernel, what stands in the way, and what the kernel said of the file. */
export interface Known {
  readonly kernel: 'none' | 'starting' | 'ready';
  /** Why bitwindow could not be imported; null where it was, or was not tried yet. */
  readonly importError: string | null;
  readonly document: ModelDocument | null;
}

/** What a document shows. */
export type Stage =
  | { readonly kind: 'no-kernel' | 'starting' | 'loading' }
  | { readonly kind: 'no-package'; readonly error: string }
  | { readonly kind: 'failed'; readonly error: string; readonly wantsFunction: boolean }
  | { readonly kind: 'waiting'; readonly document: ModelDocument; readonly error: string | null }
  | { readonly kind: 'calibrating'; readonly document: ModelDocument }
  | { readonly kind: 'ready'; readonly document: ModelDocument; readonly error: string | null };

/** Decides what a document shows. */
export function stageOf({ kernel, importError, document }: Known): Stage {
  if (kernel !== 'ready') {
    return { kind: kernel === 'none' ? 'no-kernel' : 'starting' };
  }
  if (importError !== null) {
    return { kind: 'no-package', error: importError };
  }
  if (document === null || document.stage === 'loading') {
    return { kind: 'loading' };
  }
  const { stage, error, wantsFunction } = document;
  switch (stage) {
    case 'failed':
      return { kind: 'failed', error: error ?? '', wantsFunction };
    case 'waiting':
      return { kind: 'waiting', document, error };
    case 'calibrating':
      return { kind: 'calibrating', document };
    case 'ready':
      return { kind: 'ready', document, error };
  }
}

/** Whether a path is one that saving writes to without asking: only a session's own file is. */
export function savesInPlace(path: string): boolean {
  return path.toLowerCase().endsWith('.bitwindow');
}

/** The file to offer for a model's first saving: beside it, under its name. */
export function offeredName(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return `${name.replace(/\.[^.]+$/u, '')}.bitwindow`;
}

/** A file's path as the document's kernel, which runs in the document's folder, can open it. */
export function relativeTo(folder: string, path: string): string {
  const from = folder.split('/').filter(part => part !== '');
  const to = path.split('/').filter(part => part !== '');
  let same = 0;
  while (same < from.length && same < to.length - 1 && from[same] === to[same]) {
    same += 1;
  }
  return [...from.slice(same).map(() => '..'), ...to.slice(same)].join('/');
}
