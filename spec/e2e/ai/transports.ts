/** The real transports of the AI SDK, and what a client does with them. */
import * as ai5 from 'ai-v5';
import * as ai6 from 'ai-v6';
import * as ai7 from 'ai-v7';
import type { AiVersion } from '../../../protocol/ai/ai-chunk.js';
import { read, type ReadMessage } from '../../protocol/ai/ai-readers.js';

/** A chunk, of any version. */
export interface Chunk {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** What the specs use of a transport. */
export interface Transport {
  sendMessages(options: object): Promise<ReadableStream<Chunk>>;
  reconnectToStream(options: object): Promise<ReadableStream<Chunk> | null>;
}

interface HttpOptions {
  readonly api: string;
  readonly headers: Record<string, string>;
  readonly body: object;
}

const HTTP = {
  5: ai5.DefaultChatTransport,
  6: ai6.DefaultChatTransport,
  7: ai7.DefaultChatTransport
} as unknown as Readonly<Record<AiVersion, new (options: HttpOptions) => Transport>>;

/** Makes the transport over HTTP of a version. */
export function overHttp(version: AiVersion, url: string, token: string, body = {}): Transport {
  // Nothing names the version of the oldest.
  const named = version === 5 ? {} : { 'x-ai-version': String(version) };
  return new HTTP[version]({
    api: `${url}/ai/chat`,
    headers: { authorization: `Bearer ${token}`, ...named },
    body
  });
}

/** A message of a user. */
export function userMessage(id: string, text: string): object {
  return { id, role: 'user', parts: [{ type: 'text', text }] };
}

/** Sends messages, the last of which is new. */
export function send(
  transport: Transport,
  chatId: string,
  messages: readonly object[],
  more: object = {}
): Promise<ReadableStream<Chunk>> {
  return transport.sendMessages({ chatId, messages, trigger: 'submit-message', ...more });
}

/** A stream that is read. */
export class Reading {
  readonly chunks: Chunk[] = [];
  private readonly reader: ReadableStreamDefaultReader<Chunk>;

  constructor(stream: ReadableStream<Chunk>) {
    this.reader = stream.getReader();
  }

  /** Reads up to the first chunk of a type. */
  async until(type: string): Promise<this> {
    while (this.chunks.at(-1)?.type !== type) {
      const { done, value } = await this.reader.read();
      if (done) throw new Error(`no ${type} in ${JSON.stringify(this.chunks)}`);
      this.chunks.push(value);
    }
    return this;
  }

  /** Reads to the end. */
  async rest(): Promise<Chunk[]> {
    for (;;) {
      const { done, value } = await this.reader.read();
      if (done) return this.chunks;
      this.chunks.push(value);
    }
  }

  /** Goes away in the middle. */
  async leave(): Promise<void> {
    await this.reader.cancel();
  }
}

/** Reads a stream to its end, and what the client library makes of it. */
export async function whole(
  version: AiVersion,
  stream: ReadableStream<Chunk>,
  before: ReadMessage | null = null
): Promise<{ message: ReadMessage; errors: readonly string[]; chunks: readonly Chunk[] }> {
  const chunks = await new Reading(stream).rest();
  const { message, errors } = await read(version, chunks, before);
  if (message === null) throw new Error(`no message in ${JSON.stringify(chunks)}`);
  return { message, errors, chunks };
}
