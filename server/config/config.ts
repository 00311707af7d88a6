/**
 * Reads the whole configuration before anything starts. Flags override the environment, the environment overrides the
 * `.env` file, and that overrides the defaults. It reports every fault at once, and any fault prevents the start.
 */
import { OPERATOR_ERRORS } from '../../actors/operator-errors.js';
import { parseEnvFile } from './env-file.js';
import { checkKeyFile } from './key-file-check.js';
import { impossibleCombinations } from './impossible-combinations.js';
import { nearestName } from './nearest-name.js';
import { MASK, maskText } from '../logger/redact.js';
import { type Environment, type Setting, type Deployment } from './setting.js';
import { CLIENT_TOKEN, flagName, SETTINGS, type Config } from './settings.js';

const { config_refused, config_value, config_unknown, config_test_mode } = OPERATOR_ERRORS;

/** Folder of the thread log inside DATA_DIR. */
export const LOG_FOLDER = 'log';

/** Source of a value. */
export type ConfigSource = 'flag' | 'environment' | '.env' | 'default';

/** One line of `rollcall check`: a setting, its value with secrets masked, and its source. */
export interface ConfigLine {
  readonly name: string;
  readonly shown: string;
  readonly source: ConfigSource;
}

/** Sources of a configuration. */
export interface ConfigInput {
  /** Environment variables; an empty one counts as unset. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Flags by name without dashes (`handler-grace-ms`). */
  readonly flags?: Readonly<Record<string, string | undefined>>;
  /** Text of the `.env` file; undefined when there is none. */
  readonly envFileText?: string | undefined;
  /** Returns the text of another file that a setting names. Without it these files are not checked. */
  readonly readFile?: (path: string) => string;
  /** Whether standard output is a terminal; decides the default of LOG_FORMAT. */
  readonly isTerminal?: boolean;
}

/** A configuration, or all of its faults as sentences. */
export type LoadedConfig =
  | { readonly ok: true; readonly config: Config; readonly lines: readonly ConfigLine[] }
  | { readonly ok: false; readonly faults: readonly string[] };

/** A configuration as far as it can be read, with what is wrong with it. */
export interface ReadConfig {
  /** Has the default of each setting that cannot be read. */
  readonly config: Config;
  readonly lines: readonly ConfigLine[];
  /** Values and names that cannot be taken, whatever the others are. */
  readonly unreadable: readonly string[];
  /** Test switches that are set outside development. */
  readonly testSwitches: readonly string[];
  /** Every reason why a server would not start with it. */
  readonly faults: readonly string[];
}

/** Reads and checks the configuration. It reports every fault at once and never throws. */
export function loadConfig(input: ConfigInput): LoadedConfig {
  const { config, lines, faults } = readConfig(input);
  return faults.length === 0 ? { ok: true, config, lines } : { ok: false, faults };
}

/** Reads the configuration even when it is refused, for the checklist of production. */
export function readConfig(input: ConfigInput): ReadConfig {
  const reader = new ConfigReader(input);
  const environment = reader.read(SETTINGS.environment, {
    environment: 'development',
    isTerminal: false
  });
  const where = { environment, isTerminal: input.isTerminal ?? false };
  const read = <T>(setting: Setting<T>): T => reader.read(setting, where);
  const config: Config = {
    environment,
    host: read(SETTINGS.host),
    port: read(SETTINGS.port),
    dataDir: read(SETTINGS.dataDir),
    transport: read(SETTINGS.transport),
    trustProxy: read(SETTINGS.trustProxy),
    allowedOrigins: read(SETTINGS.allowedOrigins),
    authJwtSecret: read(SETTINGS.authJwtSecret),
    authJwksUrl: read(SETTINGS.authJwksUrl),
    authJwtAlgorithms: read(SETTINGS.authJwtAlgorithms),
    authJwtAudience: read(SETTINGS.authJwtAudience),
    authJwtIssuer: read(SETTINGS.authJwtIssuer),
    authLoginUrl: read(SETTINGS.authLoginUrl),
    apiKey: read(SETTINGS.apiKey),
    apiKeysFile: read(SETTINGS.apiKeysFile),
    allowOpen: read(SETTINGS.allowOpen),
    access: read(SETTINGS.access),
    accessCreate: read(SETTINGS.accessCreate),
    authorizeUrl: read(SETTINGS.authorizeUrl),
    authorizeTtlMs: read(SETTINGS.authorizeTtlMs),
    clickhouseUrl: read(SETTINGS.clickhouseUrl),
    clickhouseRequired: read(SETTINGS.clickhouseRequired),
    clickhouseTimeoutMs: read(SETTINGS.clickhouseTimeoutMs),
    clickhouseRetryMaxMs: read(SETTINGS.clickhouseRetryMaxMs),
    clickhouseTtlDays: read(SETTINGS.clickhouseTtlDays),
    natsUrl: read(SETTINGS.natsUrl),
    natsCredentials: read(SETTINGS.natsCredentials),
    natsReplicas: read(SETTINGS.natsReplicas),
    clusterPartitions: read(SETTINGS.clusterPartitions),
    handlerGraceMs: read(SETTINGS.handlerGraceMs),
    deliveryGraceMs: read(SETTINGS.deliveryGraceMs),
    testThreadPrefixes: read(SETTINGS.testThreadPrefixes),
    reservedThreads: read(SETTINGS.reservedThreads),
    durability: read(SETTINGS.durability),
    retentionMessages: read(SETTINGS.retentionMessages),
    retentionDays: read(SETTINGS.retentionDays),
    limitPublishPerSecond: read(SETTINGS.limitPublishPerSecond),
    limitPublishPerUser: read(SETTINGS.limitPublishPerUser),
    limitPublishPerAddress: read(SETTINGS.limitPublishPerAddress),
    limitThreadsPerHour: read(SETTINGS.limitThreadsPerHour),
    limitStoredMbPerHour: read(SETTINGS.limitStoredMbPerHour),
    limitFrameBytes: read(SETTINGS.limitFrameBytes),
    limitSubscriptions: read(SETTINGS.limitSubscriptions),
    limitConnectionsPerUser: read(SETTINGS.limitConnectionsPerUser),
    limitConnectionsPerAddress: read(SETTINGS.limitConnectionsPerAddress),
    limitUnauthenticatedPerAddress: read(SETTINGS.limitUnauthenticatedPerAddress),
    limitConnectsPerAddress: read(SETTINGS.limitConnectsPerAddress),
    limitEventStreamsPerUser: read(SETTINGS.limitEventStreamsPerUser),
    limitConnections: read(SETTINGS.limitConnections),
    limitWrongKeysPerSecond: read(SETTINGS.limitWrongKeysPerSecond),
    memoryLimitMb: read(SETTINGS.memoryLimitMb),
    agents: read(SETTINGS.agents),
    agentEchoWordsPerSecond: read(SETTINGS.agentEchoWordsPerSecond),
    agentUrl: read(SETTINGS.agentUrl),
    agentKey: read(SETTINGS.agentKey),
    agentModel: read(SETTINGS.agentModel),
    agentHistoryChars: read(SETTINGS.agentHistoryChars),
    agentStallMs: read(SETTINGS.agentStallMs),
    agentRunMs: read(SETTINGS.agentRunMs),
    agentAskMs: read(SETTINGS.agentAskMs),
    agentAnswerChars: read(SETTINGS.agentAnswerChars),
    agentRuns: read(SETTINGS.agentRuns),
    agentRunsPerUser: read(SETTINGS.agentRunsPerUser),
    agentQueue: read(SETTINGS.agentQueue),
    webhookUrl: read(SETTINGS.webhookUrl),
    webhookSecret: read(SETTINGS.webhookSecret),
    webhookEvents: read(SETTINGS.webhookEvents),
    webhookThreads: read(SETTINGS.webhookThreads),
    webhookAllowPrivate: read(SETTINGS.webhookAllowPrivate),
    logLevel: read(SETTINGS.logLevel),
    logFormat: read(SETTINGS.logFormat),
    inspect: read(SETTINGS.inspect),
    inspectToken: read(SETTINGS.inspectToken),
    inspectBodies: read(SETTINGS.inspectBodies),
    metrics: read(SETTINGS.metrics),
    shutdownMs: read(SETTINGS.shutdownMs),
    otelExporterOtlpEndpoint: read(SETTINGS.otelExporterOtlpEndpoint),
    otelTracesSamplerArg: read(SETTINGS.otelTracesSamplerArg)
  };
  const keyFile = checkKeyFile(config.apiKeysFile, input.readFile);
  const unreadable = [...reader.faults, ...reader.unknownNames(), ...keyFile.faults];
  // The rules depend on the environment. When that is not valid, they are checked after it has been corrected.
  const isUnknown = reader.isBad(SETTINGS.environment);
  const testSwitches = isUnknown ? [] : reader.testVariables(environment);
  const faults = [
    ...unreadable,
    ...(isUnknown ? [] : impossibleCombinations(config)),
    ...testSwitches
  ];
  const lines = reader.lines.map((line) =>
    line.name === SETTINGS.apiKeysFile.name && keyFile.note !== null
      ? { ...line, shown: `${line.shown} (${keyFile.note})` }
      : line
  );
  return { config, lines, unreadable, testSwitches, faults };
}

/** One setting, or what is wrong with it. */
export type LoadedSetting<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly faults: readonly string[] };

/** Reads one setting only, for commands that must work when the rest of the configuration does not. */
export function loadSetting<T>(setting: Setting<T>, input: ConfigInput): LoadedSetting<T> {
  const reader = new ConfigReader(input);
  const value = reader.read(setting, { environment: 'development', isTerminal: false });
  const { faults } = reader;
  return faults.length === 0 ? { ok: true, value } : { ok: false, faults };
}

/** Returns the faults of a configuration as one message for an operator. */
export function faultsMessage(faults: readonly string[]): string {
  const count = faults.length === 1 ? '1 fault' : `${String(faults.length)} faults`;
  return [
    `❌ CRITICAL: ${config_refused.message} (${count}), nothing was started:`,
    ...faults.map((fault) => `  - ${fault}`),
    `${config_refused.action.charAt(0).toUpperCase()}${config_refused.action.slice(1)}.`
  ].join('\n');
}

/** Reads values from their sources one by one and collects their faults. */
class ConfigReader {
  readonly faults: string[] = [];
  readonly lines: ConfigLine[] = [];
  readonly #bad = new Set<string>();
  readonly #input: ConfigInput;
  readonly #file: Readonly<Record<string, string | undefined>>;

  constructor(input: ConfigInput) {
    this.#input = input;
    const { values, faults } = parseEnvFile(input.envFileText ?? '');
    this.#file = values;
    this.faults.push(...faults);
  }

  read<T>(setting: Setting<T>, where: Deployment): T {
    const found = this.#find(setting.name);
    const parsed = found === undefined ? undefined : setting.parse(found.text);
    if (found !== undefined && parsed?.ok === false) {
      this.#bad.add(setting.name);
      this.faults.push(faultOf(setting, found, parsed.why));
    }
    const value = parsed?.ok === true ? parsed.value : setting.fallback(where);
    this.lines.push({
      name: setting.name,
      shown: setting.show(value),
      source: found?.source ?? 'default'
    });
    return value;
  }

  isBad(setting: { readonly name: string }): boolean {
    return this.#bad.has(setting.name);
  }

  /**
   * Returns faults for names that look like settings of Rollcall but are none: those that begin with `ROLLCALL_`, and
   * in the `.env` file also those that are nearly a setting's name. The environment has too many names of other
   * programs for the second check.
   */
  unknownNames(): string[] {
    const known = Object.values(SETTINGS).map(({ name }) => name);
    const inFile = Object.keys(this.#file).filter((name) => !known.includes(name));
    return [...new Set([...Object.keys(this.#input.env), ...inFile])].flatMap((name) => {
      if (name === CLIENT_TOKEN.name) return [];
      const isOurs = name.startsWith('ROLLCALL_');
      const bare = isOurs ? name.slice('ROLLCALL_'.length) : name;
      const meant = known.includes(bare) ? bare : nearestName(bare, known);
      if (isOurs) {
        const hint = meant === undefined ? 'unset it' : `did you mean ${meant}?`;
        return [`${name}: ${config_unknown.message}; ${hint}`];
      }
      if (meant === undefined || !inFile.includes(name)) return [];
      return [
        `${name} (from the .env): ${config_unknown.message}; did you mean ${meant}? A name of another program belongs into a file of its own`
      ];
    });
  }

  /** Returns faults for test switches that are set outside development. */
  testVariables(environment: Environment): string[] {
    if (environment === 'development') return [];
    return ['TESTING', 'TEST_MODE']
      .filter((name) =>
        [this.#input.env[name], this.#file[name]].some((value) => (value ?? '') !== '')
      )
      .map(
        (name) =>
          `${name}: ${config_test_mode.message} ${environment}, whatever its value; ${config_test_mode.action}`
      );
  }

  #find(name: string): { text: string; source: ConfigSource } | undefined {
    const candidates: [string | undefined, ConfigSource][] = [
      [this.#input.flags?.[flagName(name)], 'flag'],
      [this.#input.env[name], 'environment'],
      [this.#file[name], '.env']
    ];
    for (const [text, source] of candidates) {
      if (text !== undefined && text !== '') return { text, source };
    }
    return undefined;
  }
}

function faultOf<T>(
  setting: Setting<T>,
  found: { text: string; source: ConfigSource },
  why: string | undefined
): string {
  const got = setting.secret ? MASK : JSON.stringify(maskBroken(found.text));
  const from = found.source === 'environment' ? '' : ` (from the ${found.source})`;
  const reason = why === undefined ? '' : ` (${why})`;
  return `${setting.name}: ${got}${from} ${config_value.message}${reason}; allowed: ${setting.allowed}`;
}

/**
 * Masks a refused value that may be a URL with a password. It masks everything before the last `@`; without an `@`,
 * everything after a `:` that no port follows, since the rest of the URL may be missing.
 */
function maskBroken(text: string): string {
  const masked = text.includes('@')
    ? text.replace(/^([a-z][a-z0-9+.-]*:\/\/)?.*@/is, `$1${MASK}@`)
    : text.replace(/^([a-z][a-z0-9+.-]*:\/\/[^:]*:)(?![0-9]{1,5}([/?#]|$)).*$/is, `$1${MASK}`);
  return maskText(masked).slice(0, 200);
}
