import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import fc from 'fast-check';
import { type ConfigInput, faultsMessage, loadConfig } from '../../../server/config/config.js';
import {
  configTable,
  envExample,
  settingsTable,
  TABLE_MARKS
} from '../../../server/config/config-text.js';
import { flagName, SETTINGS, type Config } from '../../../server/config/settings.js';

const SECRET = 'correct-horse-battery-staple-and-more';
const STAGING = { ENVIRONMENT: 'staging', AUTH_JWT_SECRET: SECRET };

function configOf(env: ConfigInput['env'], more: Omit<ConfigInput, 'env'> = {}): Config {
  const loaded = loadConfig({ env, ...more });
  if (!loaded.ok) throw new Error(faultsMessage(loaded.faults));
  return loaded.config;
}

function faultsOf(env: ConfigInput['env'], more: Omit<ConfigInput, 'env'> = {}): readonly string[] {
  const loaded = loadConfig({ env, ...more });
  return loaded.ok ? [] : loaded.faults;
}

function root(path: string): string {
  return readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
}

describe('loadConfig', () => {
  it('takes the documented defaults when nothing is set', () => {
    expect(configOf({})).to.deep.equal({
      environment: 'development',
      host: '127.0.0.1',
      port: 8080,
      dataDir: './data',
      transport: 'auto',
      trustProxy: false,
      allowedOrigins: [],
      authJwtSecret: undefined,
      authJwksUrl: undefined,
      authJwtAlgorithms: [],
      authJwtAudience: [],
      authJwtIssuer: [],
      authLoginUrl: undefined,
      apiKey: undefined,
      apiKeysFile: undefined,
      allowOpen: false,
      access: 'open',
      accessCreate: true,
      authorizeUrl: undefined,
      authorizeTtlMs: 30_000,
      limitWrongKeysPerSecond: 10,
      clickhouseUrl: undefined,
      clickhouseRequired: false,
      clickhouseTimeoutMs: 10_000,
      clickhouseRetryMaxMs: 30_000,
      clickhouseTtlDays: undefined,
      natsUrl: [],
      natsCredentials: undefined,
      natsReplicas: 0,
      clusterPartitions: 4,
      handlerGraceMs: 10_000,
      deliveryGraceMs: 10_000,
      testThreadPrefixes: [
        'startup_test_',
        'health_check_',
        'test_',
        'unit_test_',
        'integration_test_',
        'validation_',
        'mock_'
      ],
      reservedThreads: 'allow',
      durability: 'disk',
      retentionMessages: undefined,
      retentionDays: undefined,
      limitPublishPerSecond: 50,
      limitPublishPerUser: undefined,
      limitPublishPerAddress: undefined,
      limitThreadsPerHour: undefined,
      limitStoredMbPerHour: undefined,
      limitFrameBytes: 65_536,
      limitSubscriptions: 128,
      limitConnectionsPerUser: 20,
      limitConnectionsPerAddress: 200,
      limitUnauthenticatedPerAddress: undefined,
      limitConnectsPerAddress: undefined,
      limitEventStreamsPerUser: 16,
      limitConnections: 0,
      agents: ['echo'],
      agentEchoWordsPerSecond: 50,
      agentUrl: undefined,
      agentKey: undefined,
      agentModel: undefined,
      agentHistoryChars: 60_000,
      agentStallMs: 120_000,
      agentRunMs: 600_000,
      agentAskMs: 86_400_000,
      agentAnswerChars: 262_144,
      agentRuns: 1_000,
      agentRunsPerUser: 20,
      agentQueue: 16,
      memoryLimitMb: undefined,
      webhookUrl: undefined,
      webhookSecret: undefined,
      webhookEvents: [],
      webhookThreads: [],
      webhookAllowPrivate: true,
      logLevel: 'info',
      logFormat: 'json',
      inspect: 'on',
      inspectToken: undefined,
      inspectBodies: false,
      metrics: 'on',
      shutdownMs: 30_000,
      otelExporterOtlpEndpoint: undefined,
      otelTracesSamplerArg: 0.01
    });
  });

  it('takes the stricter defaults when it runs in production', () => {
    const config = configOf({ ENVIRONMENT: 'production', AUTH_JWT_SECRET: SECRET });
    expect(config).to.include({
      clickhouseRequired: true,
      reservedThreads: 'refuse',
      inspect: 'off'
    });
  });

  it('takes the defaults of staging when it runs in staging', () => {
    expect(configOf(STAGING)).to.include({
      clickhouseRequired: false,
      reservedThreads: 'allow',
      inspect: 'off'
    });
  });

  it('logs pretty when standard output is a terminal', () => {
    expect(configOf({}, { isTerminal: true }).logFormat).to.equal('pretty');
  });

  it('prefers flag to environment to .env file to default when several are given', () => {
    const envFileText = 'PORT=3\nHANDLER_GRACE_MS=30\nHOST=127.0.0.9\n';
    const loaded = loadConfig({
      env: { PORT: '2', HANDLER_GRACE_MS: '20' },
      flags: { port: '1' },
      envFileText
    });
    if (!loaded.ok) throw new Error(faultsMessage(loaded.faults));
    const sources = new Map(loaded.lines.map(({ name, source }) => [name, source]));
    expect(loaded.config).to.include({ port: 1, handlerGraceMs: 20, host: '127.0.0.9' });
    expect(sources.get('PORT')).to.equal('flag');
    expect(sources.get('HANDLER_GRACE_MS')).to.equal('environment');
    expect(sources.get('HOST')).to.equal('.env');
    expect(sources.get('LOG_LEVEL')).to.equal('default');
  });

  it('says how many keys the file of API_KEYS_FILE has, and what is wrong with it', () => {
    const shown = (file: string): readonly string[] => {
      const loaded = loadConfig({ env: { API_KEYS_FILE: 'keys.json' }, readFile: () => file });
      if (!loaded.ok) return loaded.faults;
      return loaded.lines.filter(({ name }) => name === 'API_KEYS_FILE').map((line) => line.shown);
    };
    const keys = [{ name: 'shop', sha256: 'a'.repeat(64), scopes: ['read'] }];
    expect(shown(JSON.stringify({ keys }))).to.eql(['keys.json (1 key)']);
    expect(shown('{"keys":[]}')).to.eql(['keys.json (0 keys)']);
    expect(shown('{"keys":[{}]}')).to.have.length(3);
    expect(shown('{')[0]).to.match(/^API_KEYS_FILE: keys.json, line 1: /);
  });

  it('refuses a file of API_KEYS_FILE that cannot be read', () => {
    const readFile = (): string => {
      throw new Error('there is no such file');
    };
    const loaded = loadConfig({ env: { API_KEYS_FILE: 'keys.json' }, readFile });
    expect(loaded.ok ? '' : loaded.faults.join()).to.match(
      /^API_KEYS_FILE: keys.json cannot be read \(there is no such file\)/
    );
  });

  it('counts an empty variable as unset', () => {
    expect(configOf({ PORT: '', API_KEY: '' }, { envFileText: 'PORT=81' })).to.include({
      port: 81,
      apiKey: undefined
    });
  });

  it('has one line for every setting, in the order of the table', () => {
    const loaded = loadConfig({ env: {} });
    if (!loaded.ok) throw new Error(faultsMessage(loaded.faults));
    expect(loaded.lines.map(({ name }) => name)).to.deep.equal(
      Object.values(SETTINGS).map(({ name }) => name)
    );
  });

  it('names every fault at once when several settings are wrong', () => {
    const faults = faultsOf({
      ENVIRONMENT: 'production',
      PORT: '70000',
      CLICKHOUSE_REQUIRED: 'yes',
      LOG_LEVEL: 'loud',
      ROLLCALL_PORT: '1',
      TESTING: '0',
      ALLOWED_ORIGINS: '*'
    });
    expect(faults.map((fault) => fault.split(':')[0])).to.have.members([
      'PORT',
      'CLICKHOUSE_REQUIRED',
      'LOG_LEVEL',
      'ROLLCALL_PORT',
      'TESTING',
      'ALLOWED_ORIGINS',
      'AUTH_JWT_SECRET or AUTH_JWKS_URL'
    ]);
  });

  it('says the value it got and what is allowed when a value is wrong', () => {
    expect(faultsOf({}, { flags: { port: '80a' } })).to.deep.equal([
      'PORT: "80a" (from the flag) is refused; allowed: a whole number from 0 to 65535'
    ]);
  });

  const refused: [string, string[]][] = [
    ['ENVIRONMENT', ['prod', 'Production', 'test', ' development']],
    ['HOST', ['a b', 'http://x']],
    ['PORT', ['-1', '65536', '1e3', '0x50', '8080 ', '1.5', 'http']],
    ['TRANSPORT', ['UWS', 'socket.io']],
    ['TRUST_PROXY', ['1', 'yes', 'on']],
    ['ALLOWED_ORIGINS', ['chat.example', 'https://a.example/', 'https://a.example,,', 'ftp://a']],
    ['AUTH_JWT_SECRET', ['with space in it', 'newline-at-the-end\n']],
    ['AUTH_JWKS_URL', ['keys.json', 'file:///keys.json']],
    ['CLICKHOUSE_URL', ['OFF', 'none', 'clickhouse://h:9000/db', 'http://', 'localhost:8123']],
    ['CLICKHOUSE_REQUIRED', ['1', '0', 'yes', 'no', 'truthy', ' true']],
    ['CLICKHOUSE_TIMEOUT_MS', ['0', '600001', '10s']],
    ['CLICKHOUSE_RETRY_MAX_MS', ['499', '600001', '30s']],
    ['CLICKHOUSE_TTL_DAYS', ['0', '36501', 'unlimited']],
    [
      'NATS_URL',
      ['127.0.0.1:4222', 'http://127.0.0.1:4222', 'nats://', 'nats://a:1,', 'nats://a/b']
    ],
    ['NATS_REPLICAS', ['-1', '6']],
    ['CLUSTER_PARTITIONS', ['0', '65']],
    ['HANDLER_GRACE_MS', ['-1', '86400001', '10s']],
    ['DELIVERY_GRACE_MS', ['NaN', 'Infinity']],
    ['TEST_THREAD_PREFIXES', [',', 'test_,', 'a b', 'ü_', 'x'.repeat(129)]],
    ['RESERVED_THREADS', ['true']],
    ['DURABILITY', ['memory', 'none']],
    ['RETENTION_MESSAGES', ['0', 'unlimited']],
    ['RETENTION_DAYS', ['0', '36501']],
    ['LIMIT_PUBLISH_PER_SECOND', ['-1', 'none', '1000001']],
    ['LIMIT_FRAME_BYTES', ['1', '16777217']],
    ['LOG_LEVEL', ['trace', 'INFO']],
    ['LOG_FORMAT', ['logfmt']],
    ['INSPECT', ['true']],
    ['SHUTDOWN_MS', ['30s']],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', ['collector:4318', 'grpc://collector:4317']],
    ['OTEL_TRACES_SAMPLER_ARG', ['-0.1', '1.01', '1e-3', '1%', '.5']]
  ];
  for (const [name, values] of refused) {
    for (const value of values) {
      it(`refuses ${name} when it is ${JSON.stringify(value.slice(0, 40))}`, () => {
        const faults = faultsOf({ [name]: value });
        expect(faults).to.have.lengthOf(1);
        expect(faults[0]).to.match(new RegExp(`^${name}: .+; allowed: .+`, 's'));
      });
    }
  }

  const taken: [string, string, keyof Config, unknown][] = [
    ['CLICKHOUSE_REQUIRED', 'TRUE', 'clickhouseRequired', true],
    ['CLICKHOUSE_REQUIRED', 'False', 'clickhouseRequired', false],
    ['PORT', '0', 'port', 0],
    ['HOST', '::1', 'host', '::1'],
    ['HANDLER_GRACE_MS', '0', 'handlerGraceMs', 0],
    ['LIMIT_FRAME_BYTES', '0', 'limitFrameBytes', 0],
    ['LIMIT_SUBSCRIPTIONS', '0', 'limitSubscriptions', 0],
    ['RETENTION_DAYS', '30', 'retentionDays', 30],
    ['CLICKHOUSE_RETRY_MAX_MS', '500', 'clickhouseRetryMaxMs', 500],
    ['CLICKHOUSE_TTL_DAYS', '90', 'clickhouseTtlDays', 90],
    ['CLICKHOUSE_URL', 'off', 'clickhouseUrl', 'off'],
    ['OTEL_TRACES_SAMPLER_ARG', '1', 'otelTracesSamplerArg', 1],
    ['OTEL_TRACES_SAMPLER_ARG', '0', 'otelTracesSamplerArg', 0],
    ['OTEL_TRACES_SAMPLER_ARG', '0.005', 'otelTracesSamplerArg', 0.005],
    ['ALLOWED_ORIGINS', 'tauri://localhost', 'allowedOrigins', ['tauri://localhost']],
    ['ALLOWED_ORIGINS', '*', 'allowedOrigins', ['*']],
    [
      'ALLOWED_ORIGINS',
      'https://A.example:443, http://b.example:81',
      'allowedOrigins',
      ['https://a.example', 'http://b.example:81']
    ],
    ['TEST_THREAD_PREFIXES', 'a_, b:', 'testThreadPrefixes', ['a_', 'b:']],
    ['TESTING', '1', 'environment', 'development']
  ];
  for (const [name, value, key, expected] of taken) {
    it(`takes ${name} when it is ${value}`, () => {
      expect(configOf({ [name]: value })[key]).to.deep.equal(expected);
    });
  }

  it('reads a ClickHouse URL with its parts when it is http or https', () => {
    const { clickhouseUrl } = configOf({ CLICKHOUSE_URL: 'https://ada:pw@ch.example:8443/chat' });
    expect(clickhouseUrl).to.be.instanceOf(URL);
    expect(String(clickhouseUrl)).to.equal('https://ada:pw@ch.example:8443/chat');
  });

  for (const environment of ['staging', 'production']) {
    for (const name of ['TESTING', 'TEST_MODE']) {
      for (const value of ['1', '0', 'false', ' ']) {
        it(`refuses ${name}=${JSON.stringify(value)} when it runs in ${environment}`, () => {
          const env = { ENVIRONMENT: environment, AUTH_JWT_SECRET: SECRET };
          const fault = `${name}: it must not be set in ${environment}, whatever its value; unset it`;
          expect(faultsOf({ ...env, [name]: value })).to.deep.equal([fault]);
          expect(faultsOf(env, { envFileText: `${name}="${value}"` })).to.deep.equal([fault]);
        });
      }
    }

    it(`refuses to run without authentication when it runs in ${environment}`, () => {
      expect(faultsOf({ ENVIRONMENT: environment })).to.satisfy(
        (faults: string[]) => faults.length === 1 && faults[0]?.startsWith('AUTH_JWT_SECRET or')
      );
    });

    it(`refuses a secret under 32 bytes when it runs in ${environment}`, () => {
      const env = { ENVIRONMENT: environment };
      expect(faultsOf({ ...env, AUTH_JWT_SECRET: 'x'.repeat(31) })).to.have.lengthOf(1);
      expect(faultsOf({ ...env, AUTH_JWT_SECRET: 'x'.repeat(32) })).to.deep.equal([]);
    });

    it(`refuses * among the origins when it runs in ${environment}`, () => {
      const env = { ENVIRONMENT: environment, AUTH_JWT_SECRET: SECRET };
      expect(faultsOf({ ...env, ALLOWED_ORIGINS: 'https://a.example,*' })).to.have.lengthOf(1);
    });

    it(`takes an empty TESTING when it runs in ${environment}`, () => {
      const env = { ENVIRONMENT: environment, AUTH_JWT_SECRET: SECRET, TESTING: '' };
      expect(faultsOf(env)).to.deep.equal([]);
    });
  }

  it('refuses two ways to check tokens at once', () => {
    const env = { AUTH_JWT_SECRET: SECRET, AUTH_JWKS_URL: 'https://id.example/keys' };
    expect(faultsOf(env)[0]).to.match(/^AUTH_JWT_SECRET and AUTH_JWKS_URL: both are set/);
  });

  it('refuses INSPECT=token when there is no token', () => {
    expect(faultsOf({ INSPECT: 'token' })[0]).to.match(/^INSPECT_TOKEN: /);
    expect(faultsOf({ INSPECT: 'token', INSPECT_TOKEN: 't0k' })).to.deep.equal([]);
  });

  it('refuses ClickHouse that is required and off, also by the default of production', () => {
    expect(faultsOf({ CLICKHOUSE_REQUIRED: 'true', CLICKHOUSE_URL: 'off' })).to.have.lengthOf(1);
    const production = {
      ENVIRONMENT: 'production',
      AUTH_JWT_SECRET: SECRET,
      CLICKHOUSE_URL: 'off'
    };
    expect(faultsOf(production)).to.have.lengthOf(1);
    expect(faultsOf({ ...production, CLICKHOUSE_REQUIRED: 'false' })).to.deep.equal([]);
  });

  it('hints at the real name when an unknown ROLLCALL_ name resembles one', () => {
    expect(
      faultsOf({ ROLLCALL_PORT: '1', ROLLCALL_LOG_LEVLE: 'info', ROLLCALL_X: '' })
    ).to.deep.equal([
      'ROLLCALL_PORT: there is no such setting; did you mean PORT?',
      'ROLLCALL_LOG_LEVLE: there is no such setting; did you mean LOG_LEVEL?',
      'ROLLCALL_X: there is no such setting; unset it'
    ]);
  });

  it('leaves the token of the commands that are clients alone', () => {
    expect(loadConfig({ env: { ROLLCALL_TOKEN: 'x' } }).ok).to.equal(true);
  });

  it('finds an unknown ROLLCALL_ name when it stands in the .env file', () => {
    expect(faultsOf({}, { envFileText: 'ROLLCALL_HOST=x' })).to.have.lengthOf(1);
  });

  it('hints at the real name when a name in the .env file is nearly one', () => {
    const [fault] = faultsOf({}, { envFileText: 'AUTH_JWT_SECRT=x' });
    expect(fault).to.match(/^AUTH_JWT_SECRT \(from the \.env\): .* did you mean AUTH_JWT_SECRET\?/);
  });

  it('leaves other names in the .env file and in the environment alone', () => {
    const loaded = loadConfig({ env: { AUTH_JWT_SECRT: 'x' }, envFileText: 'DATABASE_URL=x' });
    expect(loaded.ok).to.equal(true);
  });

  it('names the faults of the .env file together with those of the settings', () => {
    const faults = faultsOf({ PORT: 'x' }, { envFileText: 'DATA_DIR="./data\nAPI_KEY=a#b' });
    expect(faults.map((fault) => fault.split(/[:,]/)[0])).to.deep.equal(['.env', '.env', 'PORT']);
  });

  it('checks no rule of an environment when the environment itself is wrong', () => {
    expect(faultsOf({ ENVIRONMENT: 'prod', TESTING: '1' })).to.have.lengthOf(1);
  });

  it('never throws and always answers faults or a whole configuration when values are arbitrary', () => {
    const names = Object.values(SETTINGS).map(({ name }) => name);
    const env = fc.dictionary(fc.constantFrom(...names), fc.string({ unit: 'binary' }));
    fc.assert(
      fc.property(env, fc.string(), (values, envFileText) => {
        const loaded = loadConfig({ env: values, envFileText });
        expect(loaded.ok ? loaded.lines.length : loaded.faults.length).to.be.greaterThan(0);
      })
    );
  });
});

describe('loadConfig with secrets', () => {
  const PASSWORDS = ['hunter2', 'p:w', 'p/w', 'p@w', 'p?w#w'];

  for (const password of PASSWORDS) {
    for (const prefix of ['http://ada:', 'clickhouse://ada:', 'ada:']) {
      it(`tells nothing of the password in ${prefix}${password}@ when it refuses or shows the URL`, () => {
        const loaded = loadConfig({
          env: { CLICKHOUSE_URL: `${prefix}${password}@ch.example:8123/db` }
        });
        const said = loaded.ok ? configTable(loaded.lines) : faultsMessage(loaded.faults);
        expect(said).to.include('••••@ch.example');
        expect(said).to.not.include(password);
      });
    }
  }

  it('tells nothing of a user without a password in a URL, which may be a token', () => {
    const loaded = loadConfig({ env: { AUTH_JWKS_URL: 'https://hunter2@id.example/keys' } });
    const said = loaded.ok ? configTable(loaded.lines) : '';
    expect(said).to.include('••••@id.example').and.not.include('hunter2');
  });

  for (const prefix of ['', 'https//', 'https:/', 'htps://']) {
    it(`tells nothing of a user without a password in ${prefix}…@, which it refuses`, () => {
      expect(faultsOf({ AUTHORIZE_URL: `${prefix}hunter2@id.example/may` })[0])
        .to.include('••••@id.example/may')
        .and.not.include('hunter2');
    });
  }

  // The end of each URL is missing, because a `#` or a shell cut it off.
  for (const url of ['http://ada:hunter2', 'http://ada:hunter2/x', 'clickhouse://ada:2hunter2']) {
    it(`tells nothing of the password in ${url}, of which the end is missing`, () => {
      expect(faultsOf({ CLICKHOUSE_URL: url })[0])
        .to.include(':••••')
        .and.not.include('hunter2');
    });
  }

  it('shows the port of a URL that it refuses', () => {
    expect(faultsOf({ CLICKHOUSE_URL: 'tcp://ch:8123/db' })[0]).to.include('tcp://ch:8123/db');
  });

  it('shows four dots for each secret, whatever its length', () => {
    const loaded = loadConfig({
      env: { AUTH_JWT_SECRET: 'a', API_KEY: 'b'.repeat(99), INSPECT_TOKEN: 'c'.repeat(9) }
    });
    if (!loaded.ok) throw new Error(faultsMessage(loaded.faults));
    const shown = new Map(loaded.lines.map((line) => [line.name, line.shown]));
    expect(shown.get('AUTH_JWT_SECRET')).to.equal('••••');
    expect(shown.get('API_KEY')).to.equal('••••');
    expect(shown.get('INSPECT_TOKEN')).to.equal('••••');
  });

  it('prints no part of a secret when it refuses it', () => {
    expect(faultsOf({ API_KEY: 'hunter2 hunter2' })[0])
      .to.include('••••')
      .and.not.include('hunter2');
  });
});

describe('SETTINGS', () => {
  /** The names in the configuration table of the outside contract. */
  const CONTRACT =
    `ENVIRONMENT HOST PORT DATA_DIR TRANSPORT TRUST_PROXY ALLOWED_ORIGINS AUTH_JWT_SECRET AUTH_JWKS_URL
    AUTH_JWT_ALGORITHMS AUTH_JWT_AUDIENCE AUTH_JWT_ISSUER AUTH_LOGIN_URL API_KEY API_KEYS_FILE ALLOW_OPEN ACCESS ACCESS_CREATE AUTHORIZE_URL AUTHORIZE_TTL_MS CLICKHOUSE_URL CLICKHOUSE_REQUIRED CLICKHOUSE_TIMEOUT_MS CLICKHOUSE_RETRY_MAX_MS CLICKHOUSE_TTL_DAYS NATS_URL NATS_CREDENTIALS NATS_REPLICAS CLUSTER_PARTITIONS HANDLER_GRACE_MS DELIVERY_GRACE_MS
    TEST_THREAD_PREFIXES RESERVED_THREADS DURABILITY RETENTION_MESSAGES RETENTION_DAYS LIMIT_PUBLISH_PER_SECOND
    LIMIT_PUBLISH_PER_USER LIMIT_PUBLISH_PER_ADDRESS LIMIT_THREADS_PER_HOUR LIMIT_STORED_MB_PER_HOUR
    LIMIT_FRAME_BYTES LIMIT_SUBSCRIPTIONS LIMIT_CONNECTIONS_PER_USER LIMIT_CONNECTIONS_PER_ADDRESS
    LIMIT_UNAUTHENTICATED_PER_ADDRESS LIMIT_CONNECTS_PER_ADDRESS LIMIT_EVENT_STREAMS_PER_USER LIMIT_CONNECTIONS LIMIT_WRONG_KEYS_PER_SECOND MEMORY_LIMIT_MB
    AGENTS AGENT_ECHO_WORDS_PER_SECOND AGENT_URL AGENT_KEY AGENT_MODEL AGENT_HISTORY_CHARS AGENT_STALL_MS AGENT_RUN_MS AGENT_ASK_MS AGENT_ANSWER_CHARS AGENT_RUNS AGENT_RUNS_PER_USER AGENT_QUEUE
    WEBHOOK_URL WEBHOOK_SECRET WEBHOOK_EVENTS WEBHOOK_THREADS WEBHOOK_ALLOW_PRIVATE
    LOG_LEVEL LOG_FORMAT INSPECT INSPECT_TOKEN INSPECT_BODIES METRICS SHUTDOWN_MS OTEL_EXPORTER_OTLP_ENDPOINT OTEL_TRACES_SAMPLER_ARG`.split(
      /\s+/
    );

  it('holds the settings of the contract and no other', () => {
    expect(Object.values(SETTINGS).map(({ name }) => name)).to.deep.equal(CONTRACT);
  });

  it('has keys that are the names in camel case', () => {
    for (const [key, { name }] of Object.entries(SETTINGS)) {
      const camel = flagName(name).replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase());
      expect(key).to.equal(camel);
    }
  });

  it('has defaults that its own parsers take and stay inside their bounds', () => {
    for (const environment of ['development', 'staging', 'production'] as const) {
      for (const setting of Object.values(SETTINGS)) {
        const value = setting.fallback({ environment, isTerminal: true });
        if (value === undefined || typeof value === 'object') continue;
        expect(setting.parse(String(value)), setting.name).to.deep.equal({ ok: true, value });
      }
    }
  });
});

describe('envExample', () => {
  it('is the text of .env.example', () => {
    expect(root('.env.example'), 'run npx tsx scripts/generated-docs.ts').to.equal(envExample());
  });

  it('changes nothing when it is used as it is', () => {
    expect(configOf({}, { envFileText: envExample() })).to.deep.equal(configOf({}));
  });
});

describe('settingsTable', () => {
  it('is the table of docs/configuration.md', () => {
    const [begin, end] = TABLE_MARKS;
    const table = root('docs/configuration.md').split(begin)[1]?.split(end)[0]?.trim();
    expect(table, 'run npx tsx scripts/generated-docs.ts').to.equal(settingsTable());
  });
});
