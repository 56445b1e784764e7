import type { Defaults } from './defaults.js';

const OPENING = `# A bit window on a network

Run the cells. The heat map has one row for every weight, bias and activation: drag a row's window, or move it with the
arrow keys, and the counts and the accuracy follow. Replace the network and the data by your own.`;

const NETWORK = `import jax
import numpy as np

import bitwindow as bw

rng = np.random.default_rng(0)
params = {
    "hidden": {"kernel": rng.normal(size=(8, 32)).astype(np.float32) / 3, "bias": np.zeros(32, np.float32)},
    "scores": {"kernel": rng.normal(size=(32, 4)).astype(np.float32) / 6},
}


def network(params, x):
    hidden = jax.nn.relu(x @ params["hidden"]["kernel"] + params["hidden"]["bias"])
    return hidden @ params["scores"]["kernel"]


x = rng.normal(size=(1000, 8)).astype(np.float32)  # your calibration data: the first axis is the samples
labels = np.asarray(network(params, x)).argmax(-1)  # your labels; here the float network's own answers`;

/** The cells of a new notebook: a small network that works as it is, quantized by the user's settings. */
export function cells(defaults: Defaults): { readonly type: 'markdown' | 'code'; readonly source: string }[] {
  const quantizer = [
    'q = bw.Quantizer(bw.Model(network, params, x[:1]))',
    ...(defaults.rounding === 'round' ? [] : [`q.rounding = ${quoted(defaults.rounding)}`]),
    'q.calibrate(x, progress=False)',
    `q.assign(scheme=${quoted(defaults.scheme)}, word_length=${defaults.wordLength})`,
    'q.watch(x, labels)  # evaluates in the background after every change',
    'q'
  ];
  return [
    { type: 'markdown', source: OPENING },
    { type: 'code', source: NETWORK },
    { type: 'code', source: quantizer.join('\n') }
  ];
}

/** The kernel that a notebook asks for, as its file names it. */
export interface KernelSpec {
  readonly name: string;
  readonly display_name: string;
  readonly language: string;
}

/** The notebook as its file holds it; without a kernel JupyterLab asks for one when it opens. */
export function notebook(defaults: Defaults, kernelspec: KernelSpec | null): object {
  return {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: kernelspec === null ? {} : { kernelspec: { ...kernelspec } },
    cells: cells(defaults).map(({ type, source }, index) => ({
      id: `bit-window-${index}`,
      cell_type: type,
      metadata: {},
      source,
      ...(type === 'code' ? { outputs: [], execution_count: null } : {})
    }))
  };
}

function quoted(word: string): string {
  return JSON.stringify(word);
}
