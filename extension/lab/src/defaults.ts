/** What new notebooks, documents and tabs begin with: the user's settings, read with care. */
export interface Defaults {
  readonly wordLength: number;
  readonly scheme: string;
  readonly rounding: string;
  /** Fractions of a row's nonzero values. */
  readonly underflowThreshold: number;
  readonly overflowThreshold: number;
  readonly colourMap: string;
}

export const FACTORY: Defaults = {
  wordLength: 8,
  scheme: 'histogram',
  rounding: 'round',
  underflowThreshold: 0.05,
  overflowThreshold: 0.001,
  colourMap: 'blues'
};

/** Reads the composite of the settings; what is missing or of another kind is as in the factory. */
export function readDefaults(settings: Readonly<Record<string, unknown>>): Defaults {
  return {
    wordLength: number(settings.wordLength, FACTORY.wordLength),
    scheme: text(settings.scheme, FACTORY.scheme),
    rounding: text(settings.rounding, FACTORY.rounding),
    underflowThreshold: percentage(settings.underflowThreshold, FACTORY.underflowThreshold),
    overflowThreshold: percentage(settings.overflowThreshold, FACTORY.overflowThreshold),
    colourMap: text(settings.colourMap, FACTORY.colourMap)
  };
}

/** The part that a panel is dressed with, as the kernel takes it. */
export function displayOf(defaults: Defaults): Record<string, number | string> {
  const { underflowThreshold, overflowThreshold, colourMap } = defaults;
  return { underflowThreshold, overflowThreshold, colourMap };
}

/** The part that types are chosen by, as the kernel takes it. */
export function assignmentOf(defaults: Defaults): Record<string, number | string> {
  const { wordLength, scheme, rounding } = defaults;
  return { wordLength, scheme, rounding };
}

function number(value: unknown, otherwise: number): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : otherwise;
}

function percentage(value: unknown, otherwise: number): number {
  return typeof value === 'number' && value >= 0 && value <= 100 ? value / 100 : otherwise;
}

function text(value: unknown, otherwise: string): string {
  return typeof value === 'string' && value !== '' ? value : otherwise;
}
