/** The flags that `rollcall chat`, `tail` and `verify` share: which server, and who one is. */
import { DEFAULT_URL, type DialOrder } from './chat/dial-order.js';
import { type CliOutside, EXIT, say } from './cli-outside.js';
import { type Flags, inputOf } from './command-settings.js';
import { type LoadedSetting, loadSetting } from '../server/config/config.js';
import { CLIENT_TOKEN, flagName } from '../server/config/settings.js';

/** Flags that say which server to reach, and as whom. */
export const DIAL_FLAGS = ['url', 'user', 'token', 'token-file'];
/** Their help. */
export const DIAL_HELP = [
  `  --url <address>\n      where the server is, http(s):// or ws(s)://; default: ${DEFAULT_URL}`,
  '  --user <name>\n      who one is where authentication is off; default: the name of the account',
  `  --token <token>\n      ${CLIENT_TOKEN.doc}; default: ${CLIENT_TOKEN.name}, which other users of the machine cannot read`,
  '  --token-file <path>\n      file with the token, read again before the token ends, so that another program can renew it'
].join('\n');

/** Returns the order that the flags mean; a token may come from the environment. */
export function dialOrder(
  flags: Flags,
  thread: string,
  outside: CliOutside
): LoadedSetting<DialOrder> {
  const tokenFlag = flags['token'];
  const named = tokenFlag === undefined ? {} : { [flagName(CLIENT_TOKEN.name)]: tokenFlag };
  const input = inputOf(named, outside);
  const token = input.ok ? loadSetting(CLIENT_TOKEN, input.value) : input;
  if (!token.ok) return token;
  const tokenFile = flags['token-file'];
  // A flag wins over the environment.
  const isFile = tokenFile !== undefined && tokenFlag === undefined;
  const value = { thread, user: flags['user'], token: isFile ? undefined : token.value, tokenFile };
  return { ok: true, value: { url: flags['url'] ?? DEFAULT_URL, ...value } };
}

/** Says what is wrong with a command line. */
export async function misused(
  command: string,
  faults: readonly string[],
  outside: CliOutside
): Promise<number> {
  const lines = faults.map((fault) => `rollcall ${command}: ${fault}`);
  await say(outside.stderr, [...lines, `See rollcall ${command} --help.`].join('\n'));
  return EXIT.wrongUsage;
}
