import { type FixedPoint, sameType } from './fixed_point.js';
import type { Request } from './wire.js';

/**
 * What was asked of the kernel and not yet acknowledged. A request carries all pending changes, so that the last one wins
 * though the ones before it are never sent; until then the user's types stand and older ones from the kernel are stale.
 */
export class Mailbox {
  /** Takes new types and gives the request to send. */
  post(formats: Iterable<readonly [row: number, type: FixedPoint]>, dragging: boolean): Request {
    this.sequence += 1;
    for (const [row, type] of formats) {
      this.pending.set(row, { type, sequence: this.sequence });
    }
    const changes = [...this.pending].map(([row, { type }]) => ({
      row,
      signed: type.signed,
      word_length: type.wordLength,
      fraction_length: type.fractionLength
    }));
    return { sequence: this.sequence, changes, dragging };
  }

  /** Forgets what the kernel has handled. */
  acknowledge(sequence: number): void {
    for (const [row, entry] of this.pending) {
      if (entry.sequence <= sequence) {
        this.pending.delete(row);
      }
    }
  }

  /** Begins after the numbers that another view, or this one before a reload, has used. */
  continueAfter(sequence: number): void {
    this.sequence = Math.max(this.sequence, sequence);
  }

  /** The type to show for a row for which the kernel has this one. */
  current(row: number, fromKernel: FixedPoint): FixedPoint {
    return this.pending.get(row)?.type ?? fromKernel;
  }

  /** Whether the kernel has not answered to a row's last change. */
  isWaiting(row: number): boolean {
    return this.pending.has(row);
  }

  /** Whether the kernel has not answered to a change of any other row. */
  isWaitingBeside(row: number): boolean {
    return this.pending.size > (this.pending.has(row) ? 1 : 0);
  }

  get isEmpty(): boolean {
    return this.pending.size === 0;
  }

  /** Whether a type differs from what a row shows. */
  differs(row: number, fromKernel: FixedPoint, type: FixedPoint): boolean {
    return !sameType(this.current(row, fromKernel), type);
  }

  private sequence = 0;
  private readonly pending = new Map<number, { readonly type: FixedPoint; readonly sequence: number }>();
}
