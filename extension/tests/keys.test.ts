import { expect, test } from 'vitest';

import { commandOf, type Key } from '../src/core/keys.js';

const key = (name: string, more: Partial<Key> = {}): Key => ({
  key: name, shiftKey: false, ctrlKey: false, metaKey: false, altKey: false, ...more
});

test.each([
  [key('ArrowLeft'), { kind: 'move', part: 'body', bits: 1 }],
  [key('ArrowRight'), { kind: 'move', part: 'body', bits: -1 }],
  [key('ArrowRight', { shiftKey: true }), { kind: 'move', part: 'low', bits: -1 }],
  [key('ArrowLeft', { ctrlKey: true }), { kind: 'move', part: 'high', bits: 1 }],
  [key('ArrowDown'), { kind: 'row', step: 1, extend: false }],
  [key('ArrowUp', { shiftKey: true }), { kind: 'row', step: -1, extend: true }],
  [key('L', { shiftKey: true }), { kind: 'lock' }],
  [key('z'), { kind: 'action', action: 'undo' }],
  [key('Escape'), { kind: 'escape' }],
  [key('?', { shiftKey: true }), { kind: 'help' }]
])('%o asks for %o', (event, command) => {
  expect(commandOf(event)).toEqual(command);
});

test.each([key('s', { ctrlKey: true }), key('Tab'), key('x'), key('ArrowLeft', { altKey: true }), key('z', { metaKey: true })])(
  '%o is left to the page',
  event => {
    expect(commandOf(event)).toBeNull();
  }
);
