/** `rollcall check`: the configuration, and outside development the checklist of production. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { OWN_MEMORY } from '../actors/memory/memory-source.js';
import { OpenFiles } from '../actors/monitor/open-files.js';
import { readKeyFile } from '../server/access/key-file.js';
import { judgeChecklist, type CheckedRow } from '../server/config/checklist/checklist.js';
import type { Mark, SeenKeysFile, SeenMachine } from '../server/config/checklist/checklist-row.js';
import { checklistText } from '../server/config/checklist/checklist-text.js';
import { loadSetting, readConfig, type ConfigLine } from '../server/config/config.js';
import { configTable } from '../server/config/config-text.js';
import { SETTINGS, type Config } from '../server/config/settings.js';
import { paintIf, wantsColours } from '../server/logger/paint.js';
import { type CliOutside, EXIT, say } from './cli-outside.js';
import { type Flags, inputOf, refuse } from './command-settings.js';

/** How the command was asked. */
export interface CheckOrder {
  readonly flags: Flags;
  /** Whether the settings are judged as if `ENVIRONMENT` were production. */
  readonly isProduction: boolean;
  readonly isJson: boolean;
}

/**
 * Checks the configuration. Returns 0 when a server would start with it, 1 when the checklist has what a start refuses,
 * and 3 when settings cannot be read, or in development when they are refused.
 */
export async function runCheck(order: CheckOrder, outside: CliOutside): Promise<number> {
  const input = inputOf(order.flags, outside);
  if (!input.ok) return await refuse(input.faults, outside);
  const declared = loadSetting(SETTINGS.environment, input.value);
  const flags = { ...order.flags, ...(order.isProduction ? { environment: 'production' } : {}) };
  const { config, lines, unreadable, testSwitches, faults } = readConfig({ ...input.value, flags });
  if (!declared.ok || unreadable.length > 0) return await refuse(faults, outside);
  if (config.environment === 'development') {
    if (faults.length > 0) return await refuse(faults, outside);
    await say(outside.stdout, order.isJson ? asJson(lines, null) : configTable(lines));
    return EXIT.good;
  }
  const rows = judgeChecklist({
    config,
    environment: declared.value,
    testSwitches,
    machine: seenMachine(config, outside.cwd)
  });
  await say(outside.stdout, order.isJson ? asJson(lines, rows) : asText(lines, rows, outside));
  return rows.some(({ refused }) => refused) ? EXIT.failed : EXIT.good;
}

function asText(
  lines: readonly ConfigLine[],
  rows: readonly CheckedRow[],
  { stdout, env }: CliOutside
): string {
  const paint = paintIf(wantsColours(stdout, env));
  const colours = { good: 'green', bad: 'red', open: 'yellow' } as const;
  const marked = (mark: Mark, text: string): string => paint(colours[mark], text);
  return `${configTable(lines)}\n\n${checklistText(rows, marked)}`;
}

function asJson(lines: readonly ConfigLine[], checklist: readonly CheckedRow[] | null): string {
  const settings = lines.map(({ name, shown, source }) => ({ name, value: shown, source }));
  return JSON.stringify({ settings, checklist }, null, 2);
}

/** Looks at the machine that the command runs on. */
function seenMachine({ dataDir, apiKeysFile }: Config, cwd: string): SeenMachine {
  return {
    keysFile: apiKeysFile === undefined ? null : keysIn(resolve(cwd, apiKeysFile)),
    dataDirMode: modeOf(dataDir),
    envFileMode: modeOf(join(cwd, '.env')),
    openFiles: new OpenFiles().count()?.limit ?? null,
    containerBytes: OWN_MEMORY.container(),
    nowMs: Date.now(),
    newestFileMs: newestIn(dataDir)
  };
}

/** Returns the permission bits; null when there is no such file, or the system has none. */
function modeOf(path: string): number | null {
  if (process.platform === 'win32') return null;
  return statSync(path, { throwIfNoEntry: false })?.mode ?? null;
}

/** Returns null when the file cannot be read: then the start refuses it, and says why. */
function keysIn(path: string): SeenKeysFile | null {
  try {
    const read = readKeyFile(readFileSync(path, 'utf8'));
    return read.ok ? { mode: modeOf(path), keys: read.keys } : null;
  } catch {
    return null;
  }
}

function newestIn(dir: string): number | null {
  try {
    const times = readdirSync(dir).map((name) => statSync(join(dir, name)).mtimeMs);
    return times.length === 0 ? null : Math.max(...times);
  } catch {
    // Not there, or not readable by whoever checks: then there is nothing to compare the clock with.
    return null;
  }
}
