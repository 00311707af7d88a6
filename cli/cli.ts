/**
 * The command line: `rollcall start | check | chat | tail | query | verify | key new | key list |
 * key remove | log check | log export | log restored | cluster seed | cluster leave | version`. Exit codes: 0 good, 1 failed, 2 wrong usage, 3 startup
 * failed.
 */
import { parseFlags } from './cli-args.js';
import { type CliSeat, EXIT, say } from './cli-outside.js';
import { commandHelp, helpText } from './command-help.js';
import { COMMANDS } from './commands.js';
import { processSeat } from './process-seat.js';
import { nearestName } from '../server/config/nearest-name.js';
import { HangUp } from './terminal/hang-up.js';

/** First words of commands that have two. */
const GROUPS = new Set(Object.keys(COMMANDS).flatMap((name) => name.split(' ').slice(0, -1)));

/** Runs a command line (without `node` and the script) and returns its exit code. */
export async function runCli(argv: readonly string[], outside: CliSeat): Promise<number> {
  const [first, second] = argv;
  if (first === undefined) {
    await say(outside.stderr, helpText(outside.stderr, outside.env));
    return EXIT.wrongUsage;
  }
  if (first === '--help' || first === '-h') {
    await say(outside.stdout, helpText(outside.stdout, outside.env));
    return EXIT.good;
  }
  if (first === '--version' || first === '-v') return await runCli(['version'], outside);
  const isGroup = GROUPS.has(first);
  if (isGroup && (second === undefined || second === '--help' || second === '-h')) {
    await say(
      second === undefined ? outside.stderr : outside.stdout,
      helpText(outside.stdout, outside.env, `${first} `)
    );
    return second === undefined ? EXIT.wrongUsage : EXIT.good;
  }
  const name = isGroup ? `${first} ${second ?? ''}` : first;
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    const meant = nearestName(name, Object.keys(COMMANDS));
    const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
    await say(outside.stderr, `rollcall: unknown command "${name}"${hint}\nSee rollcall --help.`);
    return EXIT.wrongUsage;
  }
  const rest = argv.slice(isGroup ? 2 : 1);
  const parsed = parseFlags(rest, command.flags, command.more);
  if (!parsed.ok) {
    const faults = parsed.faults.map((fault) => `rollcall ${name}: ${fault}`);
    await say(outside.stderr, `${faults.join('\n')}\nSee rollcall ${name} --help.`);
    return EXIT.wrongUsage;
  }
  if (parsed.isHelp) {
    await say(outside.stdout, commandHelp(command, outside.stdout, outside.env));
    return EXIT.good;
  }
  return await command.run(parsed.flags, outside, parsed);
}

/** Runs the command line of this process and ends the process with its exit code. */
export async function main(): Promise<never> {
  const { argv, stdout, stderr } = process;
  // Without a listener, a closed pipe (`rollcall log export | head`) would end in a stack trace.
  for (const output of [stdout, stderr]) output.on('error', () => undefined);
  const hangUp = new HangUp();
  let code: number;
  try {
    code = await runCli(argv.slice(2), processSeat(hangUp));
  } catch (error) {
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    await say(stderr, `rollcall: ${reason}`).catch(() => undefined);
    code = EXIT.failed;
  }
  await hangUp.pass();
  // All output was waited for; whatever a command left open must not keep the process alive.
  process.exit(code);
}

if (process.argv[1] === import.meta.filename) await main();
