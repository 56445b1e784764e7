/** Said where the kernel does not know the package, or not any more. */
export const MISSING = 'bitwindow is not imported in this kernel.';

const KEY = 'bitwindow:page';

/** What a page calls itself, and what it was called before it was loaded again; '' where it was not. */
export interface PageNames {
  readonly own: string;
  readonly before: string;
}

/**
 * Names this page. The name of the page before is told to kernels, which then drop its connection: nobody else would.
 * A second page that was copied from this one has its storage too, but was not loaded again, and replaces nothing.
 */
export function namePage(storage: Storage, own: string, wasLoadedAgain: boolean): PageNames {
  const before = wasLoadedAgain ? (storage.getItem(KEY) ?? '') : '';
  storage.setItem(KEY, own);
  return { own, before };
}
