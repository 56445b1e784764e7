// Puts what `jupyter labextension list` reads beside every built bundle, and takes the build's own log away.
import { copyFileSync, readdirSync, rmSync } from 'node:fs';

const bundles = new URL('../kernel_side/bitwindow/labextensions/', import.meta.url);
for (const name of readdirSync(bundles)) {
  copyFileSync(new URL('install.json', import.meta.url), new URL(`${name}/install.json`, bundles));
  rmSync(new URL(`${name}/build_log.json`, bundles), { force: true });
}
