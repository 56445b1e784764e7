import type { WidgetModel } from '@jupyter-widgets/base';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { PATIENCE, Waiting } from '../src/widgets/waiting.js';

function waiting(): Waiting {
  const model = { on: () => undefined, trigger: () => undefined, comm_live: true, comm: undefined };
  return new Waiting(model as unknown as WidgetModel);
}

describe('Waiting', () => {
  beforeEach(() => { vi.useFakeTimers(); });
  afterEach(() => { vi.useRealTimers(); });

  it('says that the kernel is busy after a long silence, and takes it back with the answer', () => {
    const kernel = waiting();
    kernel.begin();
    vi.advanceTimersByTime(PATIENCE - 1);
    expect(kernel.state).toBe('live');
    vi.advanceTimersByTime(1);
    expect(kernel.state).toBe('busy');
    kernel.heard();
    expect(kernel.state).toBe('live');
    vi.advanceTimersByTime(PATIENCE);
    expect(kernel.state).toBe('busy');
    kernel.end();
    vi.advanceTimersByTime(10 * PATIENCE);
    expect(kernel.state).toBe('live');
  });

  it('takes no long drag for a busy kernel while answers come', () => {
    const kernel = waiting();
    for (let step = 0; step < 20; step++) {
      kernel.begin();
      vi.advanceTimersByTime(PATIENCE / 3);
      kernel.heard();
      expect(kernel.state).toBe('live');
    }
  });
});
