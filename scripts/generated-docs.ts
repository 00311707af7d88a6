/**
 * Writes the parts of the docs that come from the code: the tables of docs/configuration.md, docs/operations.md and
 * docs/security.md, the drawing of the folders in docs/architecture.md, docs/errors.md, docs/limits.md,
 * docs/runbook.md, THIRD-PARTY, the rules and the dashboard of deploy/, and `.env.example`: `npx tsx scripts/generated-docs.ts`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { DIFFERENCES_MARKS, differencesTable } from './docs/engine-differences.js';
import { DEADLINES_MARKS, deadlinesTable } from './docs/socket-deadlines.js';
import { errorsPage } from './docs/errors-page.js';
import { limitsPage } from './docs/limits-page.js';
import { METRICS_MARKS, metricsTable } from './docs/metrics-table.js';
import { FOLDER_MARKS, folderDrawing } from './folders/folder-drawing.js';
import { ONE_WAY } from './folders/folder-imports.js';
import { sourceFiles } from './folders/source-files.js';
import { monitorRules, RULES_MARKS } from './docs/monitor-rules.js';
import { CHECKLIST_MARKS, checklistTable } from './docs/production-checklist.js';
import { runbookPage } from './docs/runbook-page.js';
import { deployFiles } from './metrics/deploy-files.js';
import { FRAME_TYPES } from './packages/client-package.mjs';
import { frameTypes } from './packages/frame-types.js';
import { lockedPackages, thirdPartyText } from './packages/third-party.js';
import { envExample, settingsTable, TABLE_MARKS } from '../server/config/config-text.js';

/** Writes a text between two marks of a page. */
function writeBetween(path: string, [begin, end]: readonly [string, string], text: string): void {
  const page = new URL(path, import.meta.url);
  const before = readFileSync(page, 'utf8');
  const [head] = before.split(begin);
  const [, tail] = before.split(end);
  if (head === undefined || tail === undefined) {
    throw new Error(`${path} has no ${begin} … ${end}: put both marks back`);
  }
  writeFileSync(page, `${head}${begin}\n\n${text}\n\n${end}${tail}`);
}

writeBetween('../docs/configuration.md', TABLE_MARKS, settingsTable());
writeBetween('../docs/operations.md', RULES_MARKS, monitorRules());
writeBetween('../docs/operations.md', METRICS_MARKS, metricsTable());
writeBetween('../docs/operations.md', DIFFERENCES_MARKS, differencesTable());
writeBetween('../docs/operations.md', DEADLINES_MARKS, deadlinesTable());
writeBetween('../docs/security.md', CHECKLIST_MARKS, checklistTable());
const root = fileURLToPath(new URL('..', import.meta.url));
writeBetween(
  '../docs/architecture.md',
  FOLDER_MARKS,
  folderDrawing(sourceFiles(root, [...ONE_WAY.keys()]))
);
writeFileSync(new URL('../.env.example', import.meta.url), envExample());
writeFileSync(new URL('../docs/errors.md', import.meta.url), errorsPage());
writeFileSync(new URL('../docs/limits.md', import.meta.url), limitsPage());
writeFileSync(new URL('../docs/runbook.md', import.meta.url), runbookPage());
writeFileSync(
  new URL('../THIRD-PARTY', import.meta.url),
  await thirdPartyText(root, lockedPackages(root))
);
for (const [path, text] of await deployFiles()) writeFileSync(join(root, path), text);
const framesFile = join(root, FRAME_TYPES);
writeFileSync(
  framesFile,
  await format(frameTypes(root), { ...(await resolveConfig(framesFile)), filepath: framesFile })
);
