import type { WidgetModel } from '@jupyter-widgets/base';

import type { BitWindowModel } from './model.js';
import type { Surface } from './surface.js';
import type { Tip } from './tip.js';

/** What the view gives to its controls. */
export interface Host {
  readonly root: HTMLElement;
  readonly figure: HTMLElement;
  readonly model: BitWindowModel;
  readonly surface: Surface;
  readonly tip: Tip;
  callbacks(): Parameters<WidgetModel['save_changes']>[0];
  /** Gives a row the keyboard's focus and scrolls it into view. */
  focus(row: number): void;
  /** Where a row is on the screen. */
  boxOf(row: number): DOMRect | null;
  /** Whether an event's target belongs to the controls and titles above the rows. */
  isAbove(target: EventTarget | null): boolean;
  toggleHelp(open?: boolean): boolean;
}
