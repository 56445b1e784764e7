/**
 * Does something at once after a rest. While asking goes on faster than that, it waits for the next rest, but not longer
 * than `most`: never twice for nothing, and never for a state that was gone before anybody could have read the answer.
 */
export class Pace {
  /** `rest` and `most` are in milliseconds. */
  constructor(private readonly rest: number, private readonly most: number) {}

  /** Asks for it; of several questions before it is done the last one's `act` is what is done. */
  ask(act: () => void): void {
    const now = Date.now();
    const rested = now - this.asked >= this.rest;
    this.asked = now;
    this.act = act;
    if (rested) {
      this.now();
    } else {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => { this.now(); }, Math.max(Math.min(this.rest, this.last + this.most - now), 0));
    }
  }

  /** Does at once what was asked for and not done yet. */
  now(): void {
    const { act } = this;
    this.done();
    act?.();
  }

  /** It has been done otherwise. */
  done(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.act = null;
    this.last = Date.now();
  }

  private act: (() => void) | null = null;
  private asked = -Infinity;
  private last = -Infinity;
  private timer: ReturnType<typeof setTimeout> | undefined;
}
