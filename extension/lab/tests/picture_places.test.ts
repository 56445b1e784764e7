import type { IOutput } from '@jupyterlab/nbformat';
import type { KernelMessage } from '@jupyterlab/services';
import { describe, expect, it } from 'vitest';

import { WIDGET_VIEW } from '../src/mime.js';
import { placesOf, readUpdate } from '../src/picture_places.js';

function message(kind: string, id: string, data: object): KernelMessage.IMessage {
  const content = { data, metadata: { 'image/png': { width: 7 } }, transient: { display_id: id } };
  return { header: { msg_type: kind }, content } as unknown as KernelMessage.IMessage;
}

function shown(data: object): IOutput {
  return { output_type: 'display_data', data, metadata: {} } as unknown as IOutput;
}

const widget = (id: string): IOutput => shown({ [WIDGET_VIEW]: { model_id: id } });
const picture = (image: string): IOutput => shown({ 'image/png': image });

describe('a changed picture', () => {
  it('is told from other messages', () => {
    const png = { 'image/png': 'bmV3' };
    expect(readUpdate(message('update_display_data', 'bitwindow-picture-one', png))).toEqual({
      widget: 'one',
      data: png,
      metadata: { 'image/png': { width: 7 } }
    });
    expect(readUpdate(message('display_data', 'bitwindow-picture-one', png))).toBeNull();
    expect(readUpdate(message('update_display_data', 'somebody', png))).toBeNull();
    expect(readUpdate(message('update_display_data', 'bitwindow-picture-one', { 'text/plain': 'x' }))).toBeNull();
  });

  it('belongs right behind its widget, wherever that is shown', () => {
    const outputs = [picture('a'), widget('one'), picture('a'), widget('two'), picture('a'), widget('one'), shown({})];
    const update = { widget: 'one', data: { 'image/png': 'new' }, metadata: {} };
    expect(placesOf(outputs, update)).toEqual([2]);
    expect(placesOf([widget('one'), picture('a'), widget('one'), picture('b')], update)).toEqual([1, 3]);
  });

  it('is not set where it stands already, nor over another kind of output', () => {
    const update = { widget: 'one', data: { 'image/png': 'new' }, metadata: {} };
    expect(placesOf([widget('one'), picture('new')], update)).toEqual([]);
    expect(placesOf([widget('one'), { output_type: 'stream', name: 'stdout', text: 'x' }], update)).toEqual([]);
  });
});
