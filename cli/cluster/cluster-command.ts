/** `rollcall cluster seed` and `rollcall cluster leave`, for the data directory of a stopped server. */
import { dirname } from 'node:path';
import { readFileSync } from 'node:fs';
import type { CommandOrder } from '../../actors/cluster/order.js';
import { openJetStreamOrder } from '../../actors/cluster/jetstream/jetstream-order.js';
import { leaveCluster, seedCluster } from '../../actors/cluster/membership.js';
import { newEpoch } from '../../actors/log/epoch.js';
import { claimDataDir } from '../../actors/log/lmdb/disk/data-dir.js';
import { DataDirError } from '../../actors/log/lmdb/disk/data-dir-error.js';
import {
  LogCorruptError,
  LogFormatError,
  LogOpenError,
  LogRoleError
} from '../../actors/log/log-errors.js';
import { NatsLink } from '../../actors/nats/nats-link.js';
import { reasonOf } from '../../machines/reason.js';
import { loadSetting, type LoadedSetting } from '../../server/config/config.js';
import { SETTINGS } from '../../server/config/settings.js';
import { type CliOutside, EXIT, say } from '../cli-outside.js';
import { type Flags, inputOf } from '../command-settings.js';

/** How long the brokers may take to be connected, in milliseconds. */
const CONNECT_MS = 10_000;

/** The brokers of a cluster. */
export interface Brokers {
  readonly urls: readonly string[];
  /** File of credentials. */
  readonly credentials: string | undefined;
  readonly partitions: number;
}

/** The brokers that the configuration names; null when it names none. */
export function brokersOf(flags: Flags, outside: CliOutside): LoadedSetting<Brokers | null> {
  // Only these settings are read: the others need not be good.
  const input = inputOf(flags, outside);
  if (!input.ok) return input;
  const urls = loadSetting(SETTINGS.natsUrl, input.value);
  const credentials = loadSetting(SETTINGS.natsCredentials, input.value);
  const partitions = loadSetting(SETTINGS.clusterPartitions, input.value);
  if (!urls.ok) return urls;
  if (!credentials.ok) return credentials;
  if (!partitions.ok) return partitions;
  if (urls.value.length === 0) return { ok: true, value: null };
  const value = { urls: urls.value, credentials: credentials.value, partitions: partitions.value };
  return { ok: true, value };
}

/** Makes the log of a single node the first replica of a cluster. Returns exit code 1 when that cannot be done. */
export async function runSeed(dir: string, outside: CliOutside): Promise<number> {
  return await claimed('seed', dir, outside, async () => {
    await seedCluster({ dir, newEpoch });
    await say(
      outside.stdout,
      `${dir} is the first replica of a new cluster: no message, offset or epoch was changed.\n` +
        'Start this server with NATS_URL first. For each further node: "rollcall backup" of this one, "rollcall restore" into the other\'s DATA_DIR.'
    );
  });
}

/**
 * Makes a replica the log of a single node. Without brokers nobody knows whether it has everything that was
 * acknowledged, so clients are told of a gap then.
 */
export async function runLeave(
  dir: string,
  brokers: Brokers | null,
  outside: CliOutside
): Promise<number> {
  return await claimed('leave', dir, outside, async () => {
    const { renewed } =
      brokers === null
        ? await leaveCluster({ dir, newEpoch }, null)
        : await overOrder(brokers, (order) => leaveCluster({ dir, newEpoch }, order));
    const told =
      renewed === null
        ? 'It has everything that the brokers have: no message, offset or epoch was changed.'
        : `No message or offset was changed. Every thread gets a new epoch, and clients are told of a gap: ${renewed}.`;
    await say(
      outside.stdout,
      `${dir} is the log of a single node now: start it without NATS_URL. ${told}`
    );
  });
}

async function overOrder<T>(
  { urls, credentials, partitions }: Brokers,
  run: (order: CommandOrder) => Promise<T>
): Promise<T> {
  const link = new NatsLink({
    urls,
    credentials: credentials === undefined ? null : () => readFileSync(credentials),
    node: 'cluster leave',
    refusesOld: false
  });
  const opened = await link.connect(AbortSignal.timeout(CONNECT_MS));
  if (!opened.ok) {
    throw new LogRoleError(
      `${opened.reason}; unset NATS_URL to leave without asking the brokers, by which clients are told of a gap`
    );
  }
  try {
    const order = await openJetStreamOrder({
      onChange: (listener) => {
        listener(link.connection);
        return () => undefined;
      },
      partitions,
      replicas: 0,
      makes: false
    }).catch((error: unknown) => {
      throw new LogRoleError(reasonOf(error));
    });
    try {
      return await run(order);
    } finally {
      await order.close();
    }
  } finally {
    await link.close();
  }
}

const TOLD = [DataDirError, LogCorruptError, LogFormatError, LogOpenError, LogRoleError];

async function claimed(
  command: string,
  dir: string,
  outside: CliOutside,
  run: () => Promise<void>
): Promise<number> {
  try {
    const claim = claimDataDir(dirname(dir));
    try {
      await run();
      return EXIT.good;
    } finally {
      claim.release();
    }
  } catch (error) {
    if (!TOLD.some((type) => error instanceof type)) throw error;
    await say(outside.stderr, `rollcall cluster ${command}: ${reasonOf(error)}`);
    return EXIT.failed;
  }
}
