/** Does something at once when it was not done just before, else as soon as its time has come; never twice for nothing. */
export class Pace {
  constructor(private readonly milliseconds: number) {}

  /** Asks for it; of several questions within a pace the last one's `act` is what is done. */
  ask(act: () => void): void {
    this.act = act;
    const wait = this.last + this.milliseconds - Date.now();
    if (wait <= 0) {
      this.now();
    } else {
      this.timer ??= setTimeout(() => { this.now(); }, wait);
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
  private last = -Infinity;
  private timer: ReturnType<typeof setTimeout> | undefined;
}
