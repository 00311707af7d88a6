import { expect } from 'chai';
import {
  CHECKLIST,
  judgeChecklist,
  type CheckedRow
} from '../../../../server/config/checklist/checklist.js';
import type {
  Mark,
  SeenKeysFile,
  SeenMachine
} from '../../../../server/config/checklist/checklist-row.js';
import { checklistText } from '../../../../server/config/checklist/checklist-text.js';
import {
  CLOCK_EARLIEST_MS,
  OPEN_FILES_MIN
} from '../../../../server/config/checklist/machine-rows.js';
import { SCOPES } from '../../../../server/access/scopes.js';
import { readConfig } from '../../../../server/config/config.js';
import { OUTSIDE_RULES } from '../../../../server/config/impossible-combinations.js';

/** Settings with which every row that can be judged is good. */
const WHOLE = {
  ENVIRONMENT: 'production',
  AUTH_JWT_SECRET: 'GdUDq5qk8sDdrWzWcGzJ4R8hT2m6Xx0Q',
  AUTH_JWT_AUDIENCE: 'chat',
  AUTH_JWT_ISSUER: 'https://id.example',
  ACCESS_CREATE: 'false',
  API_KEY: 'wZ3kq9Xb7Lr2Vn5Tt8Yc1Md4',
  TRUST_PROXY: 'true',
  RETENTION_DAYS: '30',
  CLICKHOUSE_TTL_DAYS: '30'
};

const NOW = CLOCK_EARLIEST_MS + 1_000_000;
const MACHINE: SeenMachine = {
  dataDirMode: 0o40700,
  envFileMode: 0o100600,
  keysFile: null,
  openFiles: OPEN_FILES_MIN,
  containerBytes: 2 ** 30,
  nowMs: NOW,
  newestFileMs: NOW
};

function judged(
  env: Record<string, string> = {},
  machine: Partial<SeenMachine> = {}
): CheckedRow[] {
  const { config, testSwitches } = readConfig({ env: { ...WHOLE, ...env } });
  return judgeChecklist({
    config,
    environment: config.environment,
    testSwitches,
    machine: { ...MACHINE, ...machine }
  });
}

const READ_KEY: SeenKeysFile['keys'][number] = {
  name: 'shop',
  scopes: new Set(['read']),
  grants: null,
  expiresAt: null
};
const FILE = { API_KEYS_FILE: 'keys.json' };

/** A machine with a file of keys. */
const keysFile = (
  change: Partial<typeof READ_KEY> = {},
  mode: number | null = 0o100600
): Partial<SeenMachine> => ({ keysFile: { mode, keys: [{ ...READ_KEY, ...change }] } });

/** Rows that cannot be judged from the machine. */
const UNSEEN = ['backups', 'reports'];

/** Rows, each with its new mark, a word of its text, and the change of settings or machine that leads there. */
const CHANGES: readonly (readonly [
  id: string,
  mark: Mark,
  said: RegExp,
  env: Record<string, string>,
  machine?: Partial<SeenMachine>
])[] = [
  ['environment', 'bad', /staging/, { ENVIRONMENT: 'staging' }],
  ['test_threads', 'open', /users/, { ENVIRONMENT: 'staging', RESERVED_THREADS: 'allow' }],
  ['token_keys', 'good', /https/, { AUTH_JWT_SECRET: '', AUTH_JWKS_URL: 'https://id.example/' }],
  ['token_keys', 'good', /this/, { AUTH_JWT_SECRET: '', AUTH_JWKS_URL: 'http://localhost/' }],
  [
    'token_claims',
    'open',
    /AUDIENCE and AUTH_JWT_ISSUER/,
    { AUTH_JWT_AUDIENCE: '', AUTH_JWT_ISSUER: '' }
  ],
  [
    'token_claims',
    'bad',
    /^AUTH_JWT_ISSUER/,
    { AUTH_JWT_ISSUER: '', AUTH_JWT_SECRET: '', AUTH_JWKS_URL: 'https://id.example/' }
  ],
  ['access', 'bad', /every/, { ACCESS: 'open' }],
  ['access', 'good', /your application/, { AUTHORIZE_URL: 'https://app.example/may' }],
  ['application', 'good', /^https$/, { AUTHORIZE_URL: 'https://app.example/may' }],
  ['application', 'good', /this machine/, { AUTHORIZE_URL: 'http://localhost/may' }],
  ['login', 'good', /^id\.example$/, { AUTH_LOGIN_URL: 'https://id.example/in' }],
  ['login', 'bad', /this machine/, { AUTH_LOGIN_URL: 'http://localhost:9/in' }],
  ['metrics', 'bad', /everybody/, { METRICS: 'on' }],
  ['metrics', 'good', /off/, { METRICS: 'off' }],
  ['access_create', 'open', /users create/, { ACCESS_CREATE: 'true' }],
  ['access_create', 'good', /token/, { ACCESS_CREATE: 'true', ACCESS: 'token' }],
  ['api_key', 'good', /off/, { API_KEY: '' }],
  ['inspector', 'good', /token/, { INSPECT: 'token', INSPECT_TOKEN: 'x'.repeat(24) }],
  [
    'inspector',
    'open',
    /texts/,
    { INSPECT: 'token', INSPECT_TOKEN: 'x'.repeat(24), INSPECT_BODIES: 'true' }
  ],
  ['origins', 'bad', /http:\/\/chat/, { ALLOWED_ORIGINS: 'http://chat.example,https://a.example' }],
  ['origins', 'good', /capacitor/, { ALLOWED_ORIGINS: 'capacitor://localhost,http://localhost:1' }],
  ['tls', 'bad', /TRUST_PROXY/, { TRUST_PROXY: 'false' }],
  ['tls', 'open', /0\.0\.0\.0/, { HOST: '0.0.0.0' }],
  ['limits', 'bad', /LIMIT_FRAME_BYTES$/, { LIMIT_FRAME_BYTES: '0' }],
  ['durability', 'bad', /lost/, { DURABILITY: 'process' }],
  ['retention', 'open', /the log$/, { RETENTION_DAYS: '' }],
  ['retention', 'open', /ClickHouse$/, { CLICKHOUSE_TTL_DAYS: '' }],
  [
    'retention',
    'good',
    /set/,
    { CLICKHOUSE_TTL_DAYS: '', CLICKHOUSE_URL: 'off', CLICKHOUSE_REQUIRED: 'false' }
  ],
  ['clickhouse', 'open', /another/, { CLICKHOUSE_URL: 'http://ch.example:8123/chat' }],
  ['clickhouse', 'good', /https/, { CLICKHOUSE_URL: 'https://ch.example/chat' }],
  ['data_dir', 'bad', /0750/, {}, { dataDirMode: 0o40750 }],
  ['data_dir', 'good', /not exist/, {}, { dataDirMode: null }],
  ['env_file', 'bad', /0604/, {}, { envFileMode: 0o100604 }],
  ['env_file', 'good', /none/, {}, { envFileMode: null }],
  ['keys_file', 'good', /^1 key$/, FILE, keysFile()],
  ['keys_file', 'good', /^1 key$/, FILE, keysFile({}, 0o100640)],
  ['keys_file', 'good', /^1 key$/, FILE, keysFile({}, null)],
  ['keys_file', 'open', /cannot be read/, FILE],
  ['keys_file', 'bad', /^keys\.json has 0644$/, FILE, keysFile({}, 0o100644)],
  ['keys_file', 'bad', /^keys\.json has 0620$/, FILE, keysFile({}, 0o100620)],
  ['keys_file', 'good', /^1 key$/, FILE, keysFile({ expiresAt: NOW + 1 })],
  ['keys_file', 'bad', /^ended: shop$/, FILE, keysFile({ expiresAt: NOW })],
  ['keys_file', 'bad', /^may do everything: shop$/, FILE, keysFile({ scopes: new Set(SCOPES) })],
  ['keys_file', 'good', /^1 key$/, FILE, keysFile({ scopes: new Set(SCOPES.slice(1)) })],
  ['memory', 'bad', /is 0/, { MEMORY_LIMIT_MB: '0' }],
  ['memory', 'good', /512/, { MEMORY_LIMIT_MB: '512' }, { containerBytes: null }],
  ['memory', 'open', /none/, {}, { containerBytes: null }],
  ['open_files', 'bad', /10000 are needed/, {}, { openFiles: OPEN_FILES_MIN - 1 }],
  ['open_files', 'good', /300/, { LIMIT_CONNECTIONS: '100' }, { openFiles: 300 }],
  ['open_files', 'bad', /300 are needed/, { LIMIT_CONNECTIONS: '100' }, { openFiles: 299 }],
  ['open_files', 'open', /cannot/, {}, { openFiles: null }],
  ['clock', 'bad', /earlier/, {}, { nowMs: CLOCK_EARLIEST_MS - 1, newestFileMs: null }],
  ['clock', 'bad', /earlier/, {}, { newestFileMs: NOW + 60_001 }],
  ['clock', 'good', /Z$/, {}, { newestFileMs: NOW + 60_000 }]
];

describe('judgeChecklist', () => {
  it('ticks off everything that can be seen when all is well, and says what cannot', () => {
    const open = judged().filter(({ mark }) => mark !== 'good');
    expect(open.map(({ id, mark }) => [id, mark])).to.deep.equal(UNSEEN.map((id) => [id, 'open']));
    for (const { said } of open) expect(said).to.equal('cannot be seen from here');
  });

  for (const [id, mark, said, env, machine] of CHANGES) {
    it(`marks ${id} as ${mark} with ${JSON.stringify(machine ?? env)}`, () => {
      const row = judged(env, machine).find((one) => one.id === id);
      expect(row?.said).to.match(said);
      expect(row).to.include({ mark, refused: false });
      expect(row?.action === null).to.equal(mark === 'good');
    });
  }

  it('has a row for an application that is asked over plain http, which a start refuses', () => {
    const row = judged({ AUTHORIZE_URL: 'http://app.example/may' }).find(
      ({ id }) => id === 'application'
    );
    expect(row).to.include({ mark: 'bad', refused: true });
    expect(row?.said).to.match(/^AUTHORIZE_URL: over plain http/);
  });

  it('has a row for every rule of the start, once, and ids that are told apart', () => {
    const rules = CHECKLIST.flatMap(({ rule }) => rule ?? []);
    expect(rules).to.have.members(Object.keys(OUTSIDE_RULES));
    expect(rules).to.have.lengthOf(Object.keys(OUTSIDE_RULES).length);
    expect(new Set(CHECKLIST.map(({ id }) => id)).size).to.equal(CHECKLIST.length);
  });

  it('judges each row that a setting or the machine decides in this spec', () => {
    const changed = new Set(CHANGES.map(([id]) => id));
    const unchanged = CHECKLIST.filter(({ id, rule }) => !changed.has(id) && rule === undefined);
    expect(unchanged.map(({ id }) => id)).to.deep.equal(UNSEEN);
  });
});

describe('checklistText', () => {
  it('says of each row its mark and what was found, below it what to do, and whether a server starts', () => {
    const rows: CheckedRow[] = [
      { id: 'a', title: '`A` file', mark: 'good', said: 'fine', action: null, refused: false },
      { id: 'b', title: 'B', mark: 'bad', said: 'B: no; mend it', action: 'mend', refused: true },
      { id: 'c', title: 'C', mark: 'open', said: 'who knows', action: 'look', refused: false }
    ];
    expect(checklistText(rows, (_mark, text) => text)).to.equal(
      [
        '✓ A file  fine',
        '✗ B       B: no; mend it',
        '– C       who knows',
        '          → look',
        '',
        '1 good, 1 to mend, 1 for you to decide or to look at. A server does not start with this (1).'
      ].join('\n')
    );
  });
});
