/** The listener, a supervised child: it picks the transport and binds the port. */
import { randomUUID } from 'node:crypto';
import type { Logger } from '../../actors/log-line.js';
import { probeLoopback } from '../../actors/probe.js';
import type { Service } from '../../actors/service.js';
import { PROBE_HEADER, type Chat } from '../chat/chat.js';
import type { Config } from '../config/settings.js';
import type { Connection } from '../chat/connection.js';
import { pickTransport } from '../transport/pick-transport.js';
import { FanOut, type SocketMemory } from '../transport/fan-out.js';
import type { Endpoint, HttpSide, Transport } from '../transport/transport.js';

/** Buffered bytes above which a connection lags: it gets no live messages and reads the log instead. 1 MiB. */
export const LAG_BYTES = 1_048_576;

/** A WebSocket message longer than this many times the frame limit is not read; it closes the connection with 1009. */
export const FRAME_SLACK = 4;

/** Longest WebSocket message and request body when no frame limit is set, in bytes. */
export const MESSAGE_BYTES_MAX = 16_777_216;

/** Listens for HTTP and WebSocket on one port. */
export class Listener implements Service {
  /** Bound port; 0 before. */
  port = 0;
  /** Why `auto` could not use uWebSockets.js; null when it did, or was not asked to. */
  fallbackReason: string | null = null;
  private readonly config: Config;
  private readonly logger: Logger;
  /** The sockets of the chat. */
  readonly fanOut: FanOut<Connection>;
  private readonly http: HttpSide;
  private readonly beside: readonly Endpoint<unknown>[];
  private transport: Transport | null = null;

  constructor(
    config: Config,
    logger: Logger,
    chat: Chat,
    http: HttpSide,
    memory: SocketMemory,
    beside: readonly Endpoint<unknown>[]
  ) {
    this.config = config;
    this.logger = logger;
    this.http = http;
    this.beside = beside;
    const limit = config.limitFrameBytes;
    this.fanOut = new FanOut<Connection>(
      chat,
      {
        messageBytes: limit === 0 ? MESSAGE_BYTES_MAX : limit * FRAME_SLACK,
        lagBytes: LAG_BYTES
      },
      memory
    );
  }

  /** The engine that listens; before that, the configured one. */
  get kind(): string {
    return this.transport?.kind ?? this.config.transport;
  }

  /** Address of the server for a browser. */
  get url(): string {
    return `http://${bracketed(this.config.host)}:${String(this.port)}`;
  }

  /** Address at which the process reaches itself. */
  get loopbackUrl(): string {
    const { host } = this.config;
    const loopback = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
    return `ws://${bracketed(loopback)}:${String(this.port)}/ws`;
  }

  async start(): Promise<void> {
    const { config } = this;
    const { transport, fallbackReason } = await pickTransport(
      config.transport,
      this.fanOut,
      this.http,
      undefined,
      this.beside
    );
    this.transport = transport;
    this.fallbackReason = fallbackReason;
    this.port = await transport.listen(config.host, config.port);
    this.logger.info(`Listening on ${this.url} by ${transport.kind}`, {
      actor: 'listener',
      port: this.port,
      transport: transport.kind,
      fallbackReason: fallbackReason ?? undefined
    });
  }

  async stop(): Promise<void> {
    await this.transport?.close();
  }
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** Returns the health probe: a client on loopback that sends the secret of the process. */
export function probeOf(listener: Listener, chat: Chat): Service {
  return {
    start: (signal) =>
      probeLoopback({
        url: listener.loopbackUrl,
        headers: { [PROBE_HEADER]: chat.probeSecret },
        newMid: () => randomUUID(),
        signal
      }),
    stop: () => Promise.resolve()
  };
}
