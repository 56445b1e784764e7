import { MimeModel, type IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { IRenderMime } from '@jupyterlab/rendermime';
import { Panel } from '@lumino/widgets';

import { WIDGET_VIEW } from './mime.js';

/** A view of a widget that lives in a kernel, drawn by the renderer that knows that kernel's widgets. */
export class PanelView extends Panel {
  constructor() {
    super();
    this.addClass('bw-lab-panel');
  }

  /** The widget that is shown; '' for none. */
  get shown(): string {
    return this.model;
  }

  async showModel(rendermime: IRenderMimeRegistry, model: string): Promise<void> {
    this.clear();
    this.model = model;
    const renderer: IRenderMime.IRenderer = rendermime.createRenderer(WIDGET_VIEW);
    this.addWidget(renderer);
    const data = { [WIDGET_VIEW]: { version_major: 2, version_minor: 0, model_id: model } };
    await renderer.renderModel(new MimeModel({ data, trusted: true }));
  }

  clear(): void {
    this.model = '';
    for (const child of [...this.widgets]) {
      child.dispose();
    }
  }

  private model = '';
}
