import type { Part } from './moves.js';
import type { Action } from './wire.js';

/** What a key asks for in the map. */
export type Command =
  | { readonly kind: 'move'; readonly part: Part; readonly bits: number }
  | { readonly kind: 'row'; readonly step: number; readonly extend: boolean }
  | { readonly kind: 'edge'; readonly end: 'first' | 'last' }
  | { readonly kind: 'select'; readonly rows: 'one' | 'all' }
  | { readonly kind: 'lock' }
  | { readonly kind: 'action'; readonly action: Action['action'] }
  | { readonly kind: 'help' }
  | { readonly kind: 'escape' };

/** The parts of a KeyboardEvent that matter here. */
export interface Key {
  readonly key: string;
  readonly shiftKey: boolean;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
}

/** The keys and what they do, for the help. */
export const KEY_HELP: readonly (readonly [keys: string, meaning: string])[] = [
  ['← →', 'move the window'],
  ['Shift ← →', 'narrower, wider at the low end'],
  ['Ctrl ← →', 'wider, narrower at the high end'],
  ['↑ ↓', 'other row (Shift: select more)'],
  ['Space, A', 'select the row, all rows'],
  ['L', 'lock or unlock'],
  ['R', "back to the scheme's choice"],
  ['Z, Y', 'undo, redo'],
  ['Esc', 'cancel a drag'],
  ['?', 'these keys']
];

const LETTERS: Readonly<Record<string, Command>> = {
  ' ': { kind: 'select', rows: 'one' },
  a: { kind: 'select', rows: 'all' },
  l: { kind: 'lock' },
  r: { kind: 'action', action: 'reset' },
  z: { kind: 'action', action: 'undo' },
  y: { kind: 'action', action: 'redo' },
  '?': { kind: 'help' },
  Escape: { kind: 'escape' },
  Home: { kind: 'edge', end: 'first' },
  End: { kind: 'edge', end: 'last' }
};

/** The command of a key, or null for one that belongs to the page or the browser. */
export function commandOf(event: Key): Command | null {
  if (event.altKey) {
    return null;
  }
  const control = event.ctrlKey || event.metaKey;
  switch (event.key) {
    case 'ArrowLeft':
    case 'ArrowRight':
      return horizontal(event.key === 'ArrowLeft' ? 1 : -1, event.shiftKey, control);
    case 'ArrowUp':
    case 'ArrowDown':
      return control ? null : { kind: 'row', step: event.key === 'ArrowUp' ? -1 : 1, extend: event.shiftKey };
  }
  if (control) {
    return null;
  }
  return LETTERS[event.key.length === 1 ? event.key.toLowerCase() : event.key] ?? null;
}

function horizontal(bits: number, shift: boolean, control: boolean): Command {
  return { kind: 'move', part: control ? 'high' : shift ? 'low' : 'body', bits };
}
