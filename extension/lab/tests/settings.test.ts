import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { FACTORY, readDefaults } from '../src/defaults.js';
import { namePage } from '../src/page_names.js';
import { cells, notebook } from '../src/template.js';

interface Schema {
  readonly properties: Record<string, { readonly title: string; readonly description: string; readonly default: unknown }>;
}
const SCHEMA = JSON.parse(readFileSync('extension/lab/schema/plugin.json', 'utf8')) as Schema;

describe('the settings', () => {
  it('have titles, descriptions and the defaults of the code', () => {
    const defaults = Object.fromEntries(Object.entries(SCHEMA.properties).map(([name, { default: value }]) => [name, value]));
    expect(readDefaults(defaults)).toEqual(FACTORY);
    expect(readDefaults({})).toEqual(FACTORY);
    for (const { title, description } of Object.values(SCHEMA.properties)) {
      expect(title.length * description.length).toBeGreaterThan(0);
    }
  });

  it('are read with care', () => {
    expect(readDefaults({ wordLength: 'many', overflowThreshold: 101, scheme: '' })).toEqual(FACTORY);
    expect(readDefaults({ overflowThreshold: 50 }).overflowThreshold).toBe(0.5);
  });
});

describe('a new notebook', () => {
  it('quantizes by the settings', () => {
    const last = cells({ ...FACTORY, wordLength: 6, scheme: 'mse', rounding: 'floor' }).at(-1)?.source ?? '';
    expect(last).toContain('q.assign(scheme="mse", word_length=6)');
    expect(last).toContain('q.rounding = "floor"');
    expect(cells(FACTORY).at(-1)?.source).not.toContain('rounding');
  });

  it('names its kernel where there is one', () => {
    const spec = { name: 'python3', display_name: 'Python 3', language: 'python' };
    expect(notebook(FACTORY, spec)).toMatchObject({ nbformat: 4, metadata: { kernelspec: spec } });
    expect(notebook(FACTORY, null)).toMatchObject({ metadata: {} });
  });
});

describe('the names of a page', () => {
  it('tell of the page before only when it was loaded again', () => {
    sessionStorage.clear();
    expect(namePage(sessionStorage, 'one', true)).toEqual({ own: 'one', before: '' });
    expect(namePage(sessionStorage, 'two', true)).toEqual({ own: 'two', before: 'one' });
    expect(namePage(sessionStorage, 'three', false)).toEqual({ own: 'three', before: '' });
  });
});
