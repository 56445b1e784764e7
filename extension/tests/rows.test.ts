import { describe, expect, it } from 'vitest';

import { changedRows, kept } from '../src/widgets/rows.js';
import { row } from './row.js';

describe('rows that come from the kernel', () => {
  const before = [row('a'), row('b'), row('c')];
  const came = [row('a'), row('b', 'weight', { word_length: 5 }), row('c'), row('d')];

  it('are the objects of before where nothing differs', () => {
    const rows = kept(before, came);
    expect(rows).toEqual(came);
    expect(rows.map((one, i) => one === before[i])).toEqual([true, false, true, false]);
  });

  it('are told apart by any field, and not at all when they are other sites', () => {
    expect(changedRows(before, kept(before, came.slice(0, 3)))).toEqual([1]);
    expect(changedRows(before, kept(before, before.map(one => ({ ...one }))))).toEqual([]);
    expect(changedRows(before, kept(before, came))).toBeNull();
    expect(changedRows(before, kept(before, [came[1], came[0], came[2]] as typeof before))).toBeNull();
  });
});
