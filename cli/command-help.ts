/** The help texts of the command line, coloured where the output supports it. */
import { paintIf, wantsColours } from '../server/logger/paint.js';
import { VERSION } from '../server/wiring/version.js';
import type { CliOutput, CliOutside } from './cli-outside.js';
import { type Command, COMMANDS } from './commands.js';

/** Help of all commands, or of those whose name begins with `prefix`. */
export function helpText(output: CliOutput, env: CliOutside['env'], prefix = ''): string {
  const paint = paintIf(wantsColours(output, env));
  const names = Object.keys(COMMANDS).filter((name) => name.startsWith(prefix));
  const width = Math.max(...names.map((name) => name.length));
  return [
    `${paint('bold', 'rollcall')} ${VERSION}: a self-hosted, real-time chat server with agents`,
    '',
    `Usage: rollcall ${prefix}<command> [flags]`,
    '',
    ...names.map(
      (name) => `  ${paint('cyan', name.padEnd(width))}  ${COMMANDS[name]?.summary ?? ''}`
    ),
    '',
    'Every command takes --help. Exit codes: 0 good, 1 failed, 2 wrong usage, 3 startup failed.'
  ].join('\n');
}

/** Help of one command. */
export function commandHelp(
  { usage, summary, details }: Command,
  output: CliOutput,
  env: CliOutside['env']
): string {
  const paint = paintIf(wantsColours(output, env));
  const more = details()
    .split('\n')
    .map((line) => (line.startsWith('  --') ? paint('cyan', line) : line));
  return [`Usage: ${paint('bold', usage)}`, '', `It ${summary}.`, '', ...more].join('\n').trimEnd();
}
