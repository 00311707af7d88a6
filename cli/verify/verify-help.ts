/** The help of `rollcall verify`. */
import { CLIENT_TOKEN, SETTINGS } from '../../server/config/settings.js';
import { DEFAULT_URL } from '../chat/dial-order.js';
import { CHECK_WORDS } from './bench/check-words.js';

/** Its flags with a value. */
export const VERIFY_FLAGS = ['url', 'token', 'token-file', 'api-key', 'agent', 'watch', 'only'];

/** Returns the text below the summary. */
export function verifyHelp(): string {
  return [
    'Flags:',
    `  --url <address>\n      where the server is, ws(s):// or http(s)://; default: ${DEFAULT_URL}`,
    `  --token <token>\n      token of a probe, with "scope":"probe" where test threads are reserved (production); default: ${CLIENT_TOKEN.name}`,
    '  --token-file <path>\n      file with the token',
    `  --api-key <key>\n      ${SETTINGS.apiKey.doc}; needs the scope reports, in production publish too, and manage for the first run; default: API_KEY`,
    '  --agent <name or none>\n      agent that is asked; default: echo where the server has it',
    '  --watch <time>\n      how long check 1 watches the log, as in 30m: 1s to 24h; default: it only looks back',
    '  --only <number,…>\n      these checks only, as in 1,4,8',
    '  --json\n      one JSON document on standard output: {"ok","url","startedAt","version","environment","node","error","interrupted",',
    '      "checks":[{"check","name","ok","figure","faults","notes","tookMs"}]}; the lines go to standard error',
    '',
    'Checks:',
    ...Object.entries(CHECK_WORDS).map(
      ([number, [name, shows]]) => `  ${number.padStart(2)} ${name.padEnd(12)} ${shows}`
    ),
    '',
    'It uses test threads, which nobody watches, always the same, and may run on a schedule against production. It ends with 0',
    'when all checks hold, with 1 when one does not, or there is no such server, and with 2 for a wrong command line.'
  ].join('\n');
}
