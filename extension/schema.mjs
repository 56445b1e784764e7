// Writes the TypeScript types of what crosses the wire from the kernel's JSON schemas; with --check it fails when one is
// out of date.
import { readFileSync, writeFileSync } from 'node:fs';

import { compile } from 'json-schema-to-typescript';

const WIRES = [
  { source: 'kernel_side/bitwindow/panel/wire_schema.json', target: 'extension/src/core/wire.ts', name: 'Wire' },
  { source: 'kernel_side/bitwindow/channel/schema.json', target: 'extension/lab/src/wire.ts', name: 'Pushed' }
];
const checking = process.argv.includes('--check');

for (const { source, target, name } of WIRES) {
  const text = await compile(JSON.parse(readFileSync(source, 'utf8')), name, {
    bannerComment: `// Generated from ${source} by \`npm run schema\`; do not edit.`,
    format: true,
    style: { singleQuote: true, trailingComma: 'none', printWidth: 120 },
    additionalProperties: false
  });
  if (!checking) {
    writeFileSync(target, text);
  } else if (readFileSync(target, 'utf8') !== text) {
    console.error(`${target} is out of date: run \`npm run schema\``);
    process.exitCode = 1;
  }
}
