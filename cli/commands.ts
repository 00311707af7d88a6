/**
 * The commands: what each takes, its help, and how it runs. A module that only one command needs is imported when that
 * command runs.
 */
import { join, resolve } from 'node:path';
import { holderOf } from '../actors/log/lmdb/disk/data-dir.js';
import type { MoreArgs, ParsedFlags } from './cli-args.js';
import { type CliOutside, type CliSeat, EXIT, say } from './cli-outside.js';
import { loadSetting, LOG_FOLDER } from '../server/config/config.js';
import { settingsHelp } from '../server/config/config-text.js';
import type { KeysFile } from './key/key-command.js';
import { SCOPE_WORDS } from '../server/access/scopes.js';
import { DEFAULT_THREAD } from './chat/dial-order.js';
import { type Flags, inputOf, load, refuse } from './command-settings.js';
import { DIAL_FLAGS, DIAL_HELP, dialOrder, misused } from './dial-flags.js';
import { VERIFY_FLAGS, verifyHelp } from './verify/verify-help.js';
import { flagName, SETTINGS } from '../server/config/settings.js';
import { VERSION } from '../server/wiring/version.js';

/** The parsed command line: flags, words and switches. */
export type Given = Extract<ParsedFlags, { readonly ok: true }>;

/** One command: its help, what it takes, and what it does. */
export interface Command {
  readonly usage: string;
  readonly summary: string;
  /** Further text of the command's own help. */
  readonly details: () => string;
  /** Names of its flags, without dashes. */
  readonly flags: readonly string[];
  readonly more?: MoreArgs;
  run(flags: Flags, seat: CliSeat, given: Given): Promise<number>;
}

const SETTING_FLAGS = Object.values(SETTINGS).map(({ name }) => flagName(name));
const settingsDetails = (): string =>
  `Each setting is also an environment variable and may stand in a .env file; the flag wins.\n\nFlags:\n${settingsHelp()}`;
const logDetails = (): string =>
  `Flags:\n  --data-dir <path>\n      ${SETTINGS.dataDir.doc}; default: ${SETTINGS.dataDir.fallbackText}`;

const keyFileFlag = '  --file <path>\n      file of keys; default: API_KEYS_FILE';
const scopesHelp = (): string =>
  Object.entries(SCOPE_WORDS)
    .map(([scope, words]) => `      ${scope.padEnd(8)} ${words}`)
    .join('\n');

/** The commands by name, in the order in which the help lists them. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  start: {
    usage: 'rollcall start [flags]',
    summary: 'starts the server and runs until it is told to stop',
    details: settingsDetails,
    flags: SETTING_FLAGS,
    run: start
  },
  check: {
    usage: 'rollcall check [--production] [--json] [flags]',
    summary:
      'prints the configuration and where each value comes from, outside development with the checklist of production; starts nothing',
    details: () =>
      [
        'Flags of its own:',
        '  --production\n      judges the settings as if ENVIRONMENT were production',
        '  --json\n      {"settings":[{"name","value","source"}],"checklist":[{"id","title","mark","said","action","refused"}]}',
        '',
        'It ends with 0 when a server would start, with 1 when the checklist has what a start refuses, and with 3 when settings',
        'cannot be read.',
        '',
        settingsDetails()
      ].join('\n'),
    flags: SETTING_FLAGS,
    more: { switches: ['production', 'json'] },
    run: check
  },
  chat: {
    usage: 'rollcall chat [thread] [flags]',
    summary:
      'opens a chat with people or an agent in the terminal; sends the lines of its input when that is no terminal',
    details: () =>
      [
        'Flags:',
        `  --thread <id>\n      thread to chat in, the same as the word [thread]; default: ${DEFAULT_THREAD}`,
        '  --agent <name>\n      the agent that answers in the thread from the first message on',
        DIAL_HELP,
        '',
        'In the chat, /help says what can be done. What is entered without a connection is sent when there is one.',
        'A server that is down is waited for. Input that is no terminal is sent line by line as it is, blank lines left out;',
        'it ends when all is stored. With --agent each line is asked, and its answer printed on standard output once it is',
        'complete. It ends with 1 when a message was not sent or not answered, or the server refuses. Ctrl-C ends the chat,',
        'not the answer that is being written: /stop does.'
      ].join('\n'),
    flags: ['thread', 'agent', ...DIAL_FLAGS],
    more: { words: 1 },
    run: chat
  },
  tail: {
    usage: 'rollcall tail <thread> [flags]',
    summary: 'prints a thread as it goes on',
    details: () =>
      [
        'Flags:',
        '  --since <start, live or offset>\n      from the oldest message kept, from now on, or after an offset; default: live',
        '  --limit <number>, -n <number>\n      end after so many messages; default: never',
        '  --json\n      one frame a line: messages, and gaps as {"type":"gap","thread","from","to","reason"}',
        DIAL_HELP,
        '',
        'Standard output has the thread and nothing else, each message once, whatever becomes of the connection, which is',
        'said on standard error. A server that is down is waited for. It ends with 0 when it is interrupted or nobody reads',
        'on, and with 1 when the server refuses.'
      ].join('\n'),
    flags: ['since', 'limit', ...DIAL_FLAGS],
    more: { switches: ['json'], words: 1, shorts: { n: 'limit' } },
    run: tail
  },
  query: {
    usage: 'rollcall query [report] [flags]',
    summary: 'prints a report of a running server, or which reports there are',
    details: () =>
      [
        'Flags:',
        '  --url <address>\n      where the server is; default: http://127.0.0.1:8080',
        `  --api-key <key>\n      ${SETTINGS.apiKey.doc}; default: API_KEY`,
        '  --minutes <number>\n      how far the report looks back, up to 44640; default: 60',
        '  --json\n      the answer as JSON instead of a table'
      ].join('\n'),
    flags: ['url', 'api-key', 'minutes'],
    more: { switches: ['json'], words: 1 },
    run: query
  },
  verify: {
    usage: 'rollcall verify [--url <address>] [--watch <time>] [flags]',
    summary:
      'checks a running server after a deploy: ten checks with real clients, each with its figure',
    details: verifyHelp,
    flags: VERIFY_FLAGS,
    more: { switches: ['json'] },
    run: async (flags, seat, given) => {
      const { verify } = await import('./verify/verify-entry.js');
      return await verify(flags, seat, given.switches.has('json'));
    }
  },
  'key new': {
    usage: 'rollcall key new --name <name> --scopes <scope,…> [flags]',
    summary: 'makes an API key, prints it this once, and adds its hash to the file of keys',
    details: () =>
      [
        'Flags:',
        '  --name <name>\n      what logs, and refusals, call the key',
        `  --scopes <scope,…>\n${scopesHelp()}`,
        '  --threads <pattern:action,…>\n      limits the key to threads, as in "orders:*:read,write"; may be given several times; default: all threads',
        '  --expires <date or 90d>\n      when the key ends: a date, a time with its zone, or a number of days from now; default: never',
        keyFileFlag,
        '',
        'Standard output has the key; it is stored nowhere, so keep it. Without a file, the entry for one follows. A running',
        'server accepts the key within five seconds. It ends with 1 when the file cannot be changed.'
      ].join('\n'),
    flags: ['name', 'scopes', 'expires', 'file'],
    more: { repeatable: ['threads'] },
    run: async (flags, seat, { lists }) => {
      const { keyDesk, runKeyNew } = await import('./key/key-command.js');
      const { name, scopes, expires } = flags;
      const order = { name, scopes, expires, threads: lists.get('threads') ?? [] };
      return await withKeysFile(flags, seat, (file) => runKeyNew(order, keyDesk(file), seat));
    }
  },
  'key list': {
    usage: 'rollcall key list [--file <path>]',
    summary:
      'prints the API keys of the file: name, scopes, threads, end, and whether that has passed',
    details: () => `Flags:\n${keyFileFlag}`,
    flags: ['file'],
    run: async (flags, seat) => {
      const { keyDesk, runKeyList } = await import('./key/key-command.js');
      return await withKeysFile(flags, seat, (file) => runKeyList(keyDesk(file), seat));
    }
  },
  'key remove': {
    usage: 'rollcall key remove <name> [--file <path>]',
    summary: 'takes an API key out of the file; a running server refuses it within five seconds',
    details: () => `Flags:\n${keyFileFlag}`,
    flags: ['file'],
    more: { words: 1 },
    run: async (flags, seat, { words: [name] }) => {
      const { keyDesk, runKeyRemove } = await import('./key/key-command.js');
      return await withKeysFile(flags, seat, (file) => runKeyRemove(name, keyDesk(file), seat));
    }
  },
  'log check': {
    usage: 'rollcall log check [--repair] [--data-dir <path>]',
    summary: 'reads the whole thread log and says whether it is sound; changes nothing by itself',
    details: () =>
      `${logDetails()}\n  --repair\n      when it is not: copy what is whole into a new file, keep the old one beside it, and make anew\n      what follows from the messages; clients are told of a gap`,
    flags: ['data-dir'],
    more: { switches: ['repair'] },
    run: async (flags, outside, { switches }) => {
      const { runLogCheck, runLogRepair } = await import('./log-command.js');
      const run = switches.has('repair') ? runLogRepair : runLogCheck;
      return await inLogFolder((dir) => run(dir, outside), flags, outside);
    }
  },
  'log export': {
    usage: 'rollcall log export [--data-dir <path>]',
    summary: 'writes every message of the thread log to standard output, one JSON frame a line',
    details: logDetails,
    flags: ['data-dir'],
    run: async (flags, outside) => {
      const { runLogExport } = await import('./log-command.js');
      return await inLogFolder((dir) => runLogExport(dir, outside), flags, outside);
    }
  },
  'log restored': {
    usage: 'rollcall log restored [--data-dir <path>]',
    summary: 'to be run after a backup was put back: clients are told that they may have more',
    details: logDetails,
    flags: ['data-dir'],
    run: async (flags, outside) => {
      const { runLogRestored } = await import('./log-command.js');
      return await inLogFolder((dir) => runLogRestored(dir, outside), flags, outside);
    }
  },
  'cluster seed': {
    usage: 'rollcall cluster seed [--data-dir <path>]',
    summary: 'makes the data directory of a single node the first replica of a cluster',
    details: logDetails,
    flags: ['data-dir'],
    run: async (flags, outside) => {
      const { runSeed } = await import('./cluster/cluster-command.js');
      return await inLogFolder((dir) => runSeed(dir, outside), flags, outside);
    }
  },
  'cluster leave': {
    usage: 'rollcall cluster leave [--data-dir <path>]',
    summary:
      'makes a replica the log of a single node; asks the brokers of NATS_URL whether it has everything',
    details: logDetails,
    flags: ['data-dir'],
    run: async (flags, outside) => {
      const { brokersOf, runLeave } = await import('./cluster/cluster-command.js');
      const brokers = brokersOf(flags, outside);
      if (!brokers.ok) return await refuse(brokers.faults, outside);
      return await inLogFolder((dir) => runLeave(dir, brokers.value, outside), flags, outside);
    }
  },
  backup: {
    usage: 'rollcall backup --to <file> [--url <address> --api-key <key> | --data-dir <path>]',
    summary: 'writes a checked backup of a server, which may go on running',
    details: () =>
      `Flags:\n  --to <file>\n      where to; nothing is overwritten\n  --url <address>\n      a running server; default: the data directory, whether a server uses it or not\n  --api-key <key>\n      ${SETTINGS.apiKey.doc}, with the scope backup; default: API_KEY\n${logDetails().slice('Flags:\n'.length)}`,
    flags: ['to', 'url', 'api-key', 'data-dir'],
    run: backup
  },
  restore: {
    usage: 'rollcall restore <file> [--data-dir <path>]',
    summary: 'makes the log of an empty data directory from a backup; clients are told of a gap',
    details: logDetails,
    flags: ['data-dir'],
    more: { words: 1 },
    run: restore
  },
  version: {
    usage: 'rollcall version',
    summary: 'prints the version',
    details: () => '',
    flags: [],
    run: async (_flags, { stdout }) => {
      await say(stdout, `rollcall ${VERSION}`);
      return EXIT.good;
    }
  }
};

async function start(flags: Flags, outside: CliOutside): Promise<number> {
  const loaded = load(flags, outside);
  if (!loaded.ok) return await refuse(loaded.faults, outside);
  const { config } = loaded;
  const { createLogger } = await import('../server/logger/logger.js');
  const logger = createLogger({ level: config.logLevel, format: config.logFormat });
  const { runServer } = await import('./run-server.js');
  try {
    return await runServer(config, logger);
  } finally {
    await logger.flush();
  }
}

async function check(flags: Flags, outside: CliOutside, { switches }: Given): Promise<number> {
  const { runCheck } = await import('./check-command.js');
  const order = { flags, isProduction: switches.has('production'), isJson: switches.has('json') };
  return await runCheck(order, outside);
}

async function query(flags: Flags, outside: CliOutside, given: Given): Promise<number> {
  // Read only this setting: reports must work even without the server's configuration.
  const input = inputOf(flags, outside);
  const loaded = input.ok ? loadSetting(SETTINGS.apiKey, input.value) : input;
  if (!loaded.ok) return await refuse(loaded.faults, outside);
  const { runQuery } = await import('./query-command.js');
  return await runQuery(
    {
      report: given.words[0],
      url: flags['url'] ?? 'http://127.0.0.1:8080',
      minutes: flags['minutes'] ?? '60',
      apiKey: loaded.value,
      isJson: given.switches.has('json')
    },
    outside
  );
}

async function backup(flags: Flags, outside: CliOutside): Promise<number> {
  const { to, url, ...named } = flags;
  if (to === undefined) return await misused('backup', ['where to? --to <file>'], outside);
  if (url !== undefined && !/^https?:\/\//.test(url)) {
    return await misused('backup', [`--url ${url} is no http(s) address`], outside);
  }
  const input = inputOf(named, outside);
  const apiKey = input.ok ? loadSetting(SETTINGS.apiKey, input.value) : input;
  const dataDir = input.ok ? loadSetting(SETTINGS.dataDir, input.value) : input;
  if (!apiKey.ok) return await refuse(apiKey.faults, outside);
  if (!dataDir.ok) return await refuse(dataDir.faults, outside);
  const { runBackup } = await import('./upkeep/backup-command.js');
  const order = { to: resolve(outside.cwd, to), url, apiKey: apiKey.value, dataDir: dataDir.value };
  return await runBackup(order, outside);
}

async function restore(flags: Flags, outside: CliOutside, given: Given): Promise<number> {
  const [file] = given.words;
  if (file === undefined) return await misused('restore', ['which file?'], outside);
  const input = inputOf(flags, outside);
  const dataDir = input.ok ? loadSetting(SETTINGS.dataDir, input.value) : input;
  if (!dataDir.ok) return await refuse(dataDir.faults, outside);
  const { runRestore } = await import('./upkeep/backup-command.js');
  return await runRestore({ file: resolve(outside.cwd, file), dataDir: dataDir.value }, outside);
}

async function withKeysFile(
  flags: Flags,
  outside: CliOutside,
  run: (file: KeysFile | null) => Promise<number>
): Promise<number> {
  // Read only this setting: keys must be made before the rest of the configuration is good.
  const input = inputOf({}, outside);
  const loaded = input.ok ? loadSetting(SETTINGS.apiKeysFile, input.value) : input;
  const name = flags['file'] ?? (loaded.ok ? loaded.value : undefined);
  if (flags['file'] === undefined && !loaded.ok) return await refuse(loaded.faults, outside);
  return await run(name === undefined ? null : { name, path: resolve(outside.cwd, name) });
}

async function chat(flags: Flags, seat: CliSeat, given: Given): Promise<number> {
  const [word] = given.words;
  const { thread, agent } = flags;
  if (word !== undefined && thread !== undefined) {
    return await misused('chat', [`${word} and --thread ${thread} are two threads`], seat);
  }
  const order = dialOrder(flags, word ?? thread ?? DEFAULT_THREAD, seat);
  if (!order.ok) return await misused('chat', order.faults, seat);
  const { runChat } = await import('./chat/chat-command.js');
  return await runChat({ ...order.value, agent }, seat);
}

async function tail(flags: Flags, seat: CliSeat, given: Given): Promise<number> {
  const [thread] = given.words;
  if (thread === undefined) {
    return await misused('tail', ['which thread? rollcall tail <thread>'], seat);
  }
  const order = dialOrder(flags, thread, seat);
  if (!order.ok) return await misused('tail', order.faults, seat);
  const { runTail } = await import('./tail-command.js');
  return await runTail(
    {
      ...order.value,
      since: flags['since'] ?? 'live',
      limit: flags['limit'],
      isJson: given.switches.has('json')
    },
    seat
  );
}

async function inLogFolder(
  run: (dir: string) => Promise<number>,
  flags: Flags,
  outside: CliOutside
): Promise<number> {
  // Read only this setting: a log must be readable without the rest of the configuration.
  const input = inputOf(flags, outside);
  const loaded = input.ok ? loadSetting(SETTINGS.dataDir, input.value) : input;
  if (!loaded.ok) return await refuse(loaded.faults, outside);
  const dir = loaded.value;
  // A log that is being written cannot be checked page by page.
  const holder = holderOf(dir);
  if (holder !== null) {
    const action = 'stop that server first';
    await say(outside.stderr, `rollcall: ${dir} is in use by process ${holder}: ${action}`);
    return EXIT.failed;
  }
  return await run(join(dir, LOG_FOLDER));
}
