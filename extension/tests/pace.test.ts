import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Pace } from '../src/core/pace.js';

describe('Pace', () => {
  beforeEach(() => { vi.useFakeTimers(); });
  afterEach(() => { vi.useRealTimers(); });

  it('does the first step at once and the last one when the hand rests', () => {
    const [pace, done] = [new Pace(50, 250), [] as number[]];
    for (let step = 0; step < 5; step++) {
      pace.ask(() => { done.push(step); });
      vi.advanceTimersByTime(10);
    }
    expect(done).toEqual([0]);
    vi.advanceTimersByTime(39);
    expect(done).toEqual([0]);
    vi.advanceTimersByTime(1);
    expect(done).toEqual([0, 4]);
    vi.advanceTimersByTime(1000);
    expect(done).toEqual([0, 4]);
    pace.ask(() => { done.push(9); });
    expect(done).toEqual([0, 4, 9]);
  });

  it('does every step of a slow hand at once', () => {
    const [pace, done] = [new Pace(50, 250), [] as number[]];
    for (let step = 0; step < 5; step++) {
      pace.ask(() => { done.push(step); });
      expect(done.at(-1)).toBe(step);
      vi.advanceTimersByTime(50);
    }
    expect(done).toEqual([0, 1, 2, 3, 4]);
  });

  it('does not wait for a rest for ever', () => {
    const [pace, done] = [new Pace(50, 250), [] as number[]];
    for (let step = 0; step <= 60; step++) {
      pace.ask(() => { done.push(step); });
      vi.advanceTimersByTime(10);
    }
    expect(done).toEqual([0, 24, 49]);
  });

  it('forgets what was done otherwise, and does what waits when it is told to', () => {
    const [pace, done] = [new Pace(50, 250), [] as string[]];
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
