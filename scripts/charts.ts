/** Writes the pictures and pages of `docs/charts` from the machines: `npm run charts`. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { chartFiles } from './charts/chart-files.js';

const FOLDER = new URL('../docs/charts/', import.meta.url);

const files = await chartFiles();
mkdirSync(FOLDER, { recursive: true });
for (const name of readdirSync(FOLDER)) {
  if (!files.has(name)) rmSync(new URL(name, FOLDER));
}
for (const [name, text] of files) writeFileSync(new URL(name, FOLDER), text);
console.log(`docs/charts: ${String(files.size)} files written`);
