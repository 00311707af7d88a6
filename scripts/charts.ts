/** Writes the pictures and pages of `docs/charts` and the shipped layouts from the machines: `npm run charts`. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SHIPPED_FOLDER } from '../server/inspector/charts/shipped-layouts.js';
import { chartFiles } from './charts/chart-files.js';
import { layoutFiles } from './charts/layout-files.js';

const ROOT = new URL('../', import.meta.url);

write(new URL('docs/charts/', ROOT), await chartFiles());
write(SHIPPED_FOLDER, await layoutFiles());

function write(folder: URL, files: ReadonlyMap<string, string>): void {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder)) {
    if (!files.has(name)) rmSync(new URL(name, folder));
  }
  for (const [name, text] of files) writeFileSync(new URL(name, folder), text);
  const place = relative(fileURLToPath(ROOT), fileURLToPath(folder));
  console.log(`${place}: ${String(files.size)} files written`);
}
