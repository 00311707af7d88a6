/** The listener, a supervised child: it picks the transport and binds the port. */
import type { Logger } from '../../actors/log-line.js';
import type { Service } from '../../actors/service.js';
import type { Chat } from '../chat/chat.js';
import type { Config } from '../config/settings.js';
import type { Connection } from '../chat/connection.js';
import { pickTransport } from '../transport/pick-transport.js';
import type { Viewer } from '../inspector/viewer.js';
import type { Endpoint, Transport, TransportEvents } from '../transport/transport.js';

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
  private readonly events: TransportEvents<Connection>;
  private readonly inspector: Endpoint<Viewer> | undefined;
  private transport: Transport | null = null;

  constructor(
    config: Config,
    logger: Logger,
    chat: Chat,
    request: TransportEvents<Connection>['request'],
    inspector?: Endpoint<Viewer>
  ) {
    this.config = config;
    this.logger = logger;
    this.inspector = inspector;
    this.events = {
      request,
      upgrade: (asked) => chat.upgrade(asked),
      open: (socket) => {
        chat.open(socket);
      },
      message: (socket, text) => {
        chat.message(socket, text);
      },
      dropped: (socket, frame) => {
        chat.dropped(socket, frame);
      },
      drain: (socket) => {
        chat.drain(socket);
      },
      close: (socket) => {
        chat.close(socket);
      }
    };
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

  /** Sends a frame to every socket in a thread's topic. */
  publish(thread: string, frame: string): void {
    this.transport?.publish(thread, frame);
  }

  async start(): Promise<void> {
    const { config } = this;
    const limit = config.limitFrameBytes;
    const limits = {
      messageBytes: limit === 0 ? MESSAGE_BYTES_MAX : limit * FRAME_SLACK,
      lagBytes: LAG_BYTES
    };
    const { transport, fallbackReason } = await pickTransport(
      config.transport,
      this.events,
      limits,
      undefined,
      this.inspector
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
