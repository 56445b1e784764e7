// Writes src/core/wire.ts from the kernel's JSON schema; with --check it fails when the file is out of date.
import { readFileSync, writeFileSync } from 'node:fs';

import { compile } from 'json-schema-to-typescript';

const source = new URL('../kernel_side/bitwindow/panel/wire_schema.json', import.meta.url);
const target = new URL('src/core/wire.ts', import.meta.url);
const text = await compile(JSON.parse(readFileSync(source, 'utf8')), 'Wire', {
  bannerComment: '// Generated from kernel_side/bitwindow/panel/wire_schema.json by `npm run schema`; do not edit.',
  format: true,
  style: { singleQuote: true, trailingComma: 'none', printWidth: 120 },
  additionalProperties: false
});

if (process.argv.includes('--check')) {
  if (readFileSync(target, 'utf8') !== text) {
    console.error('extension/src/core/wire.ts is out of date: run `npm run schema`');
    process.exit(1);
  }
} else {
  writeFileSync(target, text);
}
