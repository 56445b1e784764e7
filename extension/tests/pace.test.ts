import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Pace } from '../src/core/pace.js';

describe('Pace', () => {
  beforeEach(() => { vi.useFakeTimers(); });
  afterEach(() => { vi.useRealTimers(); });

  it('does the first at once and of those that follow the last, in its time', () => {
    const [pace, done] = [new Pace(80), [] as number[]];
    for (let step = 0; step < 5; step++) {
      pace.ask(() => { done.push(step); });
      vi.advanceTimersByTime(10);
    }
    expect(done).toEqual([0]);
    vi.advanceTimersByTime(30);
    expect(done).toEqual([0, 4]);
    vi.advanceTimersByTime(1000);
    expect(done).toEqual([0, 4]);
    pace.ask(() => { done.push(9); });
    expect(done).toEqual([0, 4, 9]);
  });

  it('forgets what was done otherwise, and does what waits when it is told to', () => {
    const [pace, done] = [new Pace(80), [] as string[]];
    pace.ask(() => { done.push('first'); });
    pace.ask(() => { done.push('forgotten'); });
    pace.done();
    vi.advanceTimersByTime(1000);
    expect(done).toEqual(['first']);
    pace.ask(() => { done.push('second'); });
    pace.ask(() => { done.push('waiting'); });
    pace.now();
    expect(done).toEqual(['first', 'second', 'waiting']);
    vi.advanceTimersByTime(1000);
    expect(done).toHaveLength(3);
  });
});
