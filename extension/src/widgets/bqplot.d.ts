// npm holds no bqplot of the version that the labextension shares, so what is used of it is declared here.
declare module 'bqplot' {
  import { WidgetView } from '@jupyter-widgets/base';

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
