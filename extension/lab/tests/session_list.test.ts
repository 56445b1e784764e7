import { describe, expect, it } from 'vitest';

import { basisOf, fileNameOf, listState, titleOf } from '../src/session_list.js';
import type { Listing, Metric, Session } from '../src/wire.js';

const METRIC: Metric = { name: 'accuracy', float: '98 %', quantized: '97 %', n: 5, total: 10, exact: false, error: null };
const SESSION: Session = {
  id: 3,
  name: 'digits',
  variables: [],
  sites: 4,
  calibrated: true,
  samples: 10,
  progress: null,
  scheme: 'minmax',
  wordLength: 8,
  metric: METRIC,
  floatMemory: '4 KB',
  quantizedMemory: '1 KB',
  canUndo: true,
  canRedo: false
};
const listing = (...sessions: Session[]): Listing => ({ kind: 'sessions', process: 'p', sessions });

describe('the list of quantizers', () => {
  it.each([
    [{ name: null, kernel: 'none', listing: null }, 'no-notebook'],
    [{ name: 'a.ipynb', kernel: 'none', listing: null }, 'no-kernel'],
    [{ name: 'a.ipynb', kernel: 'starting', listing: null }, 'starting'],
    [{ name: 'a.ipynb', kernel: 'ready', listing: null }, 'not-imported'],
    [{ name: 'a.ipynb', kernel: 'ready', listing: listing() }, 'no-quantizer'],
    [{ name: 'a.ipynb', kernel: 'ready', listing: listing(SESSION) }, 'listed']
  ] as const)('says what stands in the way of %j', (situation, kind) => {
    expect(listState(situation).kind).toBe(kind);
  });

  it('shows nothing of a kernel that restarts, whatever it said before', () => {
    expect(listState({ name: 'a', kernel: 'starting', listing: listing(SESSION) }).kind).toBe('starting');
  });

  it('calls a quantizer by its variables and its model', () => {
    expect(titleOf(SESSION)).toBe('digits');
    expect(titleOf({ ...SESSION, variables: ['q', 'best'] })).toBe('q, best · digits');
  });

  it.each([
    [{ ...METRIC }, 'estimate'],
    [{ ...METRIC, n: 0 }, 'waiting'],
    [{ ...METRIC, n: 10, exact: true }, 'exact'],
    [{ ...METRIC, error: 'no' }, 'failed']
  ] as const)('never calls an estimate exact: %j', (metric, basis) => {
    expect(basisOf(metric)).toBe(basis);
  });

  it('offers a file name that no path or markup can be made of', () => {
    expect(fileNameOf({ ...SESSION, name: '../../<b>x y</b>' })).toBe('b_x_y_b.bitwindow');
    expect(fileNameOf({ ...SESSION, name: '…' })).toBe('network.bitwindow');
    expect(fileNameOf({ ...SESSION, variables: ['q'] })).toBe('q.bitwindow');
  });
});
