import type { TranslationBundle } from '@jupyterlab/translation';

import { basisOf, type ListState } from './session_list.js';
import type { Session } from './wire.js';

/** Why there is nothing to see, and what to do about it. */
export function emptyWords(state: ListState, trans: TranslationBundle): readonly [why: string, advice: string] {
  switch (state.kind) {
    case 'no-notebook':
      return [
        trans.__('No notebook is open.'),
        trans.__('Open one, or start with a new quantizer notebook, or open a .bitwindow, .onnx or .keras file.')
      ];
    case 'no-kernel':
      return [
        trans.__('“%1” has no kernel.', state.name),
        trans.__('Start one with Kernel ▸ Change Kernel…, then run the cells that make a quantizer.')
      ];
    case 'starting':
      return [trans.__('The kernel of “%1” is starting.', state.name), trans.__('Its quantizers will appear here.')];
    case 'not-imported':
      return [
        trans.__('The kernel of “%1” has not imported bitwindow.', state.name),
        trans.__('Run a cell with “import bitwindow as bw”; quantizers appear here as soon as that cell has run.')
      ];
    case 'no-quantizer':
      return [
        trans.__('The kernel of “%1” has no quantizer.', state.name),
        trans.__('Make one: q = bw.Quantizer(model), then q.calibrate(data).')
      ];
    case 'listed':
      return ['', ''];
  }
}

/** The accuracy of both networks, or what to do to have it. */
export function metricWords({ metric }: Session, trans: TranslationBundle): string {
  if (metric === null) {
    return trans.__('No accuracy yet: it needs labelled data, by q.watch(x, y)');
  }
  const name = metric.name.charAt(0).toUpperCase() + metric.name.slice(1);
  if (metric.error !== null) {
    return `${name}: ${metric.error}`;
  }
  return trans.__('%1: float %2 → quantized %3', name, metric.float, metric.quantized);
}

/** What the accuracy rests on. */
export function basisWords({ metric }: Session, trans: TranslationBundle): string {
  if (metric === null) {
    return '';
  }
  const n = metric.n.toLocaleString('en-US');
  const total = metric.total.toLocaleString('en-US');
  switch (basisOf(metric)) {
    case 'failed':
      return '';
    case 'waiting':
      return trans.__('waiting for the kernel');
    case 'exact':
      return trans.__('exact, all %1 samples', total);
    case 'estimate':
      return trans.__('estimate, %1 of %2 samples', n, total);
  }
}

/** How far a quantizer is, and how its types were chosen. */
export function stageWords(session: Session, trans: TranslationBundle): string {
  if (session.progress !== null) {
    return progressWords(session.progress, trans);
  }
  if (!session.calibrated) {
    return trans.__('%1 sites, not calibrated: call q.calibrate(data)', session.sites);
  }
  return trans.__('%1 sites, %2 bits by %3', session.sites, session.wordLength, session.scheme);
}

/** How far a calibration is. */
export function progressWords(progress: readonly [number | null, number | null], trans: TranslationBundle): string {
  const done = (progress[0] ?? 0).toLocaleString('en-US');
  return progress[1] === null
    ? trans.__('calibrating: %1 samples', done)
    : trans.__('calibrating: %1 of %2 samples', done, progress[1].toLocaleString('en-US'));
}
