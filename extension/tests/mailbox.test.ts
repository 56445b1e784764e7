import { expect, test } from 'vitest';

import { Mailbox } from '../src/core/mailbox.js';

const old = { signed: true, wordLength: 8, fractionLength: 3 };
const newer = { ...old, fractionLength: 4 };
const newest = { ...old, fractionLength: 5 };

test('a request carries every change that the kernel has not acknowledged', () => {
  const mailbox = new Mailbox();
  mailbox.post([[0, newer]], true);
  expect(mailbox.post([[2, newest]], false)).toEqual({
    sequence: 2,
    dragging: false,
    changes: [
      { row: 0, signed: true, word_length: 8, fraction_length: 4 },
      { row: 2, signed: true, word_length: 8, fraction_length: 5 }
    ]
  });
});

test('a stale answer does not move the window back', () => {
  const mailbox = new Mailbox();
  mailbox.post([[0, newer]], true);
  mailbox.post([[0, newest]], true);
  mailbox.acknowledge(1);
  expect(mailbox.current(0, newer)).toEqual(newest);
  expect(mailbox.isWaiting(0)).toBe(true);
});

test("after the last answer the kernel's type stands", () => {
  const mailbox = new Mailbox();
  mailbox.post([[0, newer]], false);
  mailbox.acknowledge(1);
  expect(mailbox.current(0, old)).toEqual(old);
  expect(mailbox.isWaiting(0)).toBe(false);
});

test('numbers go on after those of another view', () => {
  const mailbox = new Mailbox();
  mailbox.continueAfter(41);
  expect(mailbox.post([[0, newer]], false).sequence).toBe(42);
});

test('it is known whether other rows wait', () => {
  const mailbox = new Mailbox();
  mailbox.post([[0, newer]], true);
  expect([mailbox.isWaitingBeside(0), mailbox.isWaitingBeside(1), mailbox.isEmpty]).toEqual([false, true, false]);
  mailbox.acknowledge(1);
  expect([mailbox.isWaitingBeside(1), mailbox.isEmpty]).toEqual([false, true]);
});
