import { describe, expect, it } from 'vitest';

import { offeredName, relativeTo, savesInPlace, stageOf } from '../src/document/stage.js';
import type { ModelDocument } from '../src/wire.js';

const DOCUMENT: ModelDocument = {
  path: 'net.onnx',
  stage: 'loading',
  error: null,
  wantsFunction: false,
  inputs: [],
  sites: 0,
  progress: null,
  quantizer: 0,
  validated: false,
  dirty: false
};

describe('the stages of a document', () => {
  it.each([
    ['none', null, null, 'no-kernel'],
    ['starting', null, null, 'starting'],
    ['ready', null, null, 'loading'],
    ['ready', 'ModuleNotFoundError: bitwindow', null, 'no-package'],
    ['ready', null, DOCUMENT, 'loading'],
    ['ready', null, { ...DOCUMENT, stage: 'failed' }, 'failed'],
    ['ready', null, { ...DOCUMENT, stage: 'waiting' }, 'waiting'],
    ['ready', null, { ...DOCUMENT, stage: 'calibrating' }, 'calibrating'],
    ['ready', null, { ...DOCUMENT, stage: 'ready' }, 'ready']
  ] as const)('a kernel that is %s, %s, %j shows %s', (kernel, importError, document, kind) => {
    expect(stageOf({ kernel, importError, document }).kind).toBe(kind);
  });

  it('keeps the words of a refused file beside the question for another', () => {
    const stage = stageOf({ kernel: 'ready', importError: null, document: { ...DOCUMENT, stage: 'waiting', error: 'wrong' } });
    expect(stage).toMatchObject({ kind: 'waiting', error: 'wrong' });
  });

  it('only a session is saved in place', () => {
    expect(['a/b.bitwindow', 'b.BITWINDOW', 'b.onnx', 'b.keras'].map(savesInPlace)).toEqual([true, true, false, false]);
    expect(offeredName('models/net.v2.onnx')).toBe('net.v2.bitwindow');
  });

  it.each([
    ['', 'data.npz', 'data.npz'],
    ['nets', 'nets/data.npz', 'data.npz'],
    ['nets/deep', 'data/x.npz', '../../data/x.npz'],
    ['nets/deep', 'nets/x.npz', '../x.npz'],
    ['nets', 'nets', '../nets']
  ])('from %j the kernel opens %j as %j', (folder, path, expected) => {
    expect(relativeTo(folder, path)).toBe(expected);
  });
});
