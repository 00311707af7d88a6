/** The configuration of a command: from flags, the environment and the `.env` file in its working directory. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { reasonOf } from '../machines/reason.js';
import {
  type ConfigInput,
  faultsMessage,
  loadConfig,
  type LoadedConfig,
  type LoadedSetting
} from '../server/config/config.js';
import { paintIf, wantsColours } from '../server/logger/paint.js';
import { type CliOutside, EXIT, say } from './cli-outside.js';

/** Flags of a command line by name, without dashes. */
export type Flags = Readonly<Record<string, string>>;

/** Reads the whole configuration for a command. */
export function load(flags: Flags, outside: CliOutside): LoadedConfig {
  const input = inputOf(flags, outside);
  return input.ok ? loadConfig(input.value) : input;
}

/** Returns the sources of a command's configuration, or a fault when the `.env` file cannot be read. */
export function inputOf(flags: Flags, outside: CliOutside): LoadedSetting<ConfigInput> {
  const { env } = outside;
  const isTerminal = outside.stdout.isTTY === true;
  const path = join(outside.cwd, '.env');
  try {
    const envFileText = existsSync(path) ? readFileSync(path, 'utf8') : undefined;
    const readFile = (name: string): string => readFileSync(resolve(outside.cwd, name), 'utf8');
    return { ok: true, value: { env, flags, envFileText, readFile, isTerminal } };
  } catch (error) {
    const fault = `.env: it is there but cannot be read (${reasonOf(error)}); mend or remove it`;
    return { ok: false, faults: [fault] };
  }
}

/** Reports the faults of a configuration and returns the exit code. */
export async function refuse(faults: readonly string[], outside: CliOutside): Promise<number> {
  const paint = paintIf(wantsColours(outside.stderr, outside.env));
  const [head = '', ...rest] = faultsMessage(faults).split('\n');
  await say(outside.stderr, [paint('red', head), ...rest].join('\n'));
  return EXIT.startupFailed;
}
