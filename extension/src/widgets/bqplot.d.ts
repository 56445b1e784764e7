// npm holds no bqplot of the version that the labextension shares, so what is used of it is declared here.
declare module 'bqplot' {
  import { DOMWidgetView, WidgetView } from '@jupyter-widgets/base';

  /** Places a tooltip, and listens to the window for it. */
  export interface Popper {
    destroy(): void;
  }

  export class Figure extends DOMWidgetView {
    readonly popper?: Popper;
    readonly mark_views?: { readonly views: readonly Promise<{ readonly popper?: Popper }>[] };
    remove(): this;
  }

  export interface FigureView {
    readonly el: HTMLElement;
    readonly fig_marks: { node(): SVGGElement };
    readonly plotareaWidth: number;
    readonly plotareaHeight: number;
    readonly margin: { readonly top: number; readonly right: number; readonly bottom: number; readonly left: number };
  }

  export interface Selection {
    attr(name: string, value: unknown): Selection;
    remove(): void;
  }

  export class Interaction extends WidgetView {
    parent: FigureView;
    d3el: Selection;
    relayout(): void;
  }
}
