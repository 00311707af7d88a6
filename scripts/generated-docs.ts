/** Writes `.env.example`, the table of docs/configuration.md and docs/errors.md from their sources: `npx tsx scripts/generated-docs.ts`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { errorsPage } from './errors-page.js';
import { envExample, settingsTable, TABLE_MARKS } from '../server/config/config-text.js';

const page = new URL('../docs/configuration.md', import.meta.url);
const [begin, end] = TABLE_MARKS;
const text = readFileSync(page, 'utf8');
const [before] = text.split(begin);
const [, after] = text.split(end);
if (before === undefined || after === undefined) {
  throw new Error(`docs/configuration.md has no ${begin} … ${end}: put both marks back`);
}
writeFileSync(page, `${before}${begin}\n\n${settingsTable()}\n\n${end}${after}`);
writeFileSync(new URL('../.env.example', import.meta.url), envExample());
writeFileSync(new URL('../docs/errors.md', import.meta.url), errorsPage());
