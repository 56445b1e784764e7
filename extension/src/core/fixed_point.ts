/** A binary fixed-point type: the values k * 2^-fractionLength of its stored integers k. */
export interface FixedPoint {
  readonly signed: boolean;
  readonly wordLength: number;
  readonly fractionLength: number;
}

export const MIN_EXPONENT = -126;
export const MAX_EXPONENT = 127;

/** M: the bits of the window. */
export function magnitudeBits(type: FixedPoint): number {
  return type.wordLength - (type.signed ? 1 : 0);
}

/** The exponent of the window's last bit. */
export function lsbExponent(type: FixedPoint): number {
  return 0 - type.fractionLength;
}

/** The exponent of the window's top bit. */
export function msbExponent(type: FixedPoint): number {
  return magnitudeBits(type) - type.fractionLength - 1;
}

export function sameType(a: FixedPoint, b: FixedPoint): boolean {
  return a.signed === b.signed && a.wordLength === b.wordLength && a.fractionLength === b.fractionLength;
}

/** The type's name as MATLAB writes it: sfix8_En3, sfix8_E2, sfix8. */
export function typeName(type: FixedPoint): string {
  const name = `${type.signed ? 'sfix' : 'ufix'}${type.wordLength}`;
  if (type.fractionLength === 0) {
    return name;
  }
  return `${name}_${type.fractionLength > 0 ? 'En' : 'E'}${Math.abs(type.fractionLength)}`;
}
