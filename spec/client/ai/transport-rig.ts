/** A transport of the AI SDK on a fake server, and what comes out of its streams. */
import { RollcallChatTransport } from '../../../client/ai/transport.js';
import { connect, type Client } from '../../../client/sdk/client.js';
import { isRecord } from '../../../client/sdk/json.js';
import type { AiVersion } from '../../../protocol/ai/ai-chunk.js';
import type { ClientFrame } from '../../../protocol/frames.js';
import { settle, VirtualClock } from '../../virtual-clock.js';
import { FakeRollcall } from '../sdk/fake-rollcall.js';
import { memoryWebSocket } from '../sdk/memory-socket.js';
import type { ReadMessage } from '../../protocol/ai/ai-readers.js';

/** A piece of a stream. */
export interface Chunk {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** A stream that is being read. */
export interface Reading {
  readonly chunks: Chunk[];
  isClosed: boolean;
  error: unknown;
  cancel(): Promise<void>;
}

/** Reads a stream from now on. */
export function reading(stream: ReadableStream<object>): Reading {
  const reader = stream.getReader();
  const made: Reading = {
    chunks: [],
    isClosed: false,
    error: null,
    cancel: () => reader.cancel()
  };
  void (async () => {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      made.chunks.push(value as Chunk);
    }
    made.isClosed = true;
  })().catch((error: unknown) => {
    made.error = error;
    made.isClosed = true;
  });
  return made;
}

/** One user's transport, connected to a fake server. */
export class TransportRig {
  readonly clock = new VirtualClock();
  readonly server = new FakeRollcall(() => this.clock.now());
  readonly client: Client = this.connect();
  readonly transport: RollcallChatTransport<AiVersion>;

  constructor(ai: AiVersion, onAbort: 'cancel' | 'leave' = 'cancel') {
    const { client, clock } = this;
    this.transport = new RollcallChatTransport({ client, ai, agent: 'helper', onAbort, clock });
    this.server.intercept = (frame, connection) => {
      if (frame.type !== 'answer') return false;
      const { run, ask } = frame;
      const id = frame.id === undefined ? {} : { id: frame.id };
      connection.send({ type: 'answered', ...id, run, ask });
      return true;
    };
  }

  /** Another connection of the user. */
  connect(): Client {
    const { server, clock } = this;
    return connect('ws://fake/ws', {
      WebSocket: memoryWebSocket(server),
      clock,
      random: () => 0,
      user: 'ada'
    });
  }

  /** Sends a message as `useChat` does. */
  async send(text: string, id = 'q1', body?: object, abortSignal?: AbortSignal): Promise<Reading> {
    const stream = await this.transport.sendMessages({
      trigger: 'submit-message',
      chatId: 'lobby',
      messageId: undefined,
      messages: [{ id, role: 'user', parts: [{ type: 'text', text }] }],
      abortSignal,
      ...(body === undefined ? {} : { body })
    });
    const read = reading(stream);
    await settle();
    return read;
  }

  /** Answers the question of a message with `addToolOutput`, as `useChat` does. */
  async answer(message: ReadMessage, ask: string, output: unknown): Promise<Reading> {
    const parts = message.parts.map((part) =>
      part.toolCallId === ask ? { ...part, state: 'output-available', output } : part
    );
    const stream = await this.transport.sendMessages({
      trigger: 'submit-message',
      chatId: 'lobby',
      messageId: message.id,
      messages: [{ ...message, parts }],
      abortSignal: undefined
    });
    const read = reading(stream);
    await settle();
    return read;
  }

  async resume(abortSignal?: AbortSignal): Promise<Reading | null> {
    const asked = this.transport.reconnectToStream({ chatId: 'lobby', abortSignal });
    const stream = await asked;
    const read = stream === null ? null : reading(stream);
    await settle();
    return read;
  }

  /** Breaks every connection, and lets them come back. */
  async reconnect(): Promise<void> {
    this.server.closeAll(1006, '');
    await settle();
    await this.clock.advance(30_000);
    await settle();
  }

  received<T extends ClientFrame['type']>(type: T): Extract<ClientFrame, { type: T }>[] {
    return this.server.receivedOf(type);
  }
}

/** The field of an entry's body; undefined when it is no entry. */
export function bodyField(frame: object, field: string): unknown {
  return 'body' in frame && isRecord(frame.body) ? frame.body[field] : undefined;
}
