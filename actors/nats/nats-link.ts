/**
 * One connection to the brokers through the client of NATS, which is loaded with the first attempt: a node without
 * `NATS_URL` never loads it. All errors of the client become an outcome with what to do here.
 */
import type { Authenticator, ConnectionOptions, NatsConnection } from '@nats-io/transport-node';
import { reasonOf } from '../../machines/reason.js';
import type { Broker, Opened } from '../../machines/nats/nats-status.js';
import type { NatsEvent } from '../../machines/nats/nats.machine.js';
import { natsAddress } from './nats-address.js';
import { isTooOld, tooOld } from './nats-version.js';

/** Limit of one attempt to connect to one broker, in milliseconds. */
export const NATS_ATTEMPT_MS = 3_000;

/**
 * Time between two pings of the broker. After two without an answer the client goes to another broker, so that one that
 * stands still is noticed within 6 s, before the other nodes take this one for gone.
 */
export const NATS_PING_MS = 2_000;

/** Wait of the client before it tries the brokers again when it has tried all, in milliseconds; up to as much again is added by chance. */
export const NATS_RECONNECT_WAIT_MS = 250;

/** Options of {@link NatsLink}. */
export interface NatsLinkOptions {
  /** `NATS_URL`: one URL or more. */
  readonly urls: readonly string[];
  /** Returns the text of the file of credentials (`NATS_CREDENTIALS`), read at each sign-in; null when there is none. */
  readonly credentials: (() => Uint8Array) | null;
  /** Name of this node, by which the brokers show its connection. */
  readonly node: string;
  /** Whether brokers that may lose streams are refused: in production. */
  readonly refusesOld: boolean;
}

/** Called with what becomes of the connection. */
export type OnNatsEvent = (event: Exclude<NatsEvent, { readonly type: 'child.stop' }>) => void;

/** Opens connections, one after the other. */
export class NatsLink {
  private readonly options: NatsLinkOptions;
  private open: NatsConnection | null = null;

  constructor(options: NatsLinkOptions) {
    this.options = options;
  }

  /** The connection, which may be without a broker at the moment; null before the first and after the last. */
  get connection(): NatsConnection | null {
    return this.open;
  }

  /** Connects to any of the brokers; closes what an earlier attempt has left. Does not reject. */
  async connect(signal: AbortSignal): Promise<Opened> {
    await this.close();
    try {
      const { connect, credsAuthenticator } = await import('@nats-io/transport-node');
      const { credentials } = this.options;
      const authenticator = credentials === null ? null : credsAuthenticator(credentials);
      const connection = await connect(this.connectionOptions(authenticator));
      if (signal.aborted) {
        await connection.close();
        return { ok: false, reason: 'stopped', isPermanent: false };
      }
      const broker = brokerOf(connection);
      if (this.options.refusesOld && broker.warning !== null) {
        await connection.close();
        return { ok: false, reason: `${broker.address}: ${broker.warning}`, isPermanent: true };
      }
      this.open = connection;
      return { ok: true, broker };
    } catch (error) {
      return { ok: false, ...this.missOf(error) };
    }
  }

  /** Follows the open connection. Returns a function that ends this and closes the connection. */
  watch(told: OnNatsEvent): () => void {
    const connection = this.open;
    if (connection === null) return () => undefined;
    let isWatching = true;
    const tell: OnNatsEvent = (event) => {
      if (isWatching) told(event);
    };
    void this.follow(connection, tell);
    void connection.closed().then((error) => {
      const miss = error instanceof Error ? this.missOf(error) : AWAY;
      tell({ type: 'connection.closed', ...miss });
    });
    return () => {
      isWatching = false;
      if (this.open === connection) void this.close();
    };
  }

  /** Closes the connection; resolves when it is closed. */
  async close(): Promise<void> {
    const connection = this.open;
    this.open = null;
    // A close of a connection that the brokers have ended is no error for anybody.
    await connection?.close().catch(() => undefined);
  }

  private async follow(connection: NatsConnection, tell: OnNatsEvent): Promise<void> {
    for await (const status of connection.status()) {
      if (status.type === 'disconnect') {
        tell({ type: 'broker.lost', reason: `the broker ${status.server} was lost` });
      }
      if (status.type !== 'reconnect') continue;
      const broker = brokerOf(connection);
      if (this.options.refusesOld && broker.warning !== null) {
        const reason = `${broker.address}: ${broker.warning}`;
        tell({ type: 'connection.closed', reason, isPermanent: true });
        return;
      }
      tell({ type: 'broker.found', broker });
    }
  }

  private connectionOptions(authenticator: Authenticator | null): ConnectionOptions {
    const { servers, hasTls, login } = natsAddress(this.options.urls);
    return {
      servers: [...servers],
      name: `rollcall ${this.options.node}`,
      timeout: NATS_ATTEMPT_MS,
      pingInterval: NATS_PING_MS,
      maxPingOut: 2,
      maxReconnectAttempts: -1,
      reconnectTimeWait: NATS_RECONNECT_WAIT_MS,
      reconnectJitter: NATS_RECONNECT_WAIT_MS,
      ...(hasTls ? { tls: {} } : {}),
      ...(authenticator === null ? login : { authenticator })
    };
  }

  private missOf(error: unknown): { reason: string; isPermanent: boolean } {
    const name = error instanceof Error ? error.name : '';
    const where = natsAddress(this.options.urls).servers.join(', ');
    if (name.startsWith('Authorization') || name.startsWith('UserAuthentication')) {
      return {
        reason: `the brokers at ${where} refuse the sign-in; correct the name and password in NATS_URL, or NATS_CREDENTIALS`,
        isPermanent: true
      };
    }
    return {
      reason: `no broker answers at ${where} (${reasonOf(error)}); start nats-server there, or correct NATS_URL`,
      isPermanent: false
    };
  }
}

const AWAY = { reason: 'the connection to the brokers was closed', isPermanent: false };

function brokerOf(connection: NatsConnection): Broker {
  const version = connection.info?.version ?? 'unknown';
  return {
    address: connection.getServer(),
    version,
    warning: isTooOld(version) ? tooOld(version) : null
  };
}
