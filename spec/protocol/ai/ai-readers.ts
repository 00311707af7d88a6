/** The real readers of the AI SDK, one for each major version. */
import * as v5 from 'ai-v5';
import * as v6 from 'ai-v6';
import * as v7 from 'ai-v7';
import type { AiVersion } from '../../../protocol/ai/ai-chunk.js';

/** A part of a message, whatever the version. */
export interface ReadPart {
  readonly type: string;
  readonly text?: string;
  readonly state?: string;
  readonly toolCallId?: string;
  readonly toolName?: string;
  readonly input?: unknown;
  readonly output?: unknown;
  readonly errorText?: string;
  readonly providerMetadata?: { readonly rollcall?: { readonly superseded?: boolean } };
}

/** A message, whatever the version. */
export interface ReadMessage {
  readonly id: string;
  readonly role: 'system' | 'user' | 'assistant';
  readonly parts: readonly ReadPart[];
  readonly metadata?: unknown;
}

interface Reader {
  readonly readUIMessageStream: (options: {
    readonly stream: ReadableStream<never>;
    readonly message?: never;
    readonly onError: (error: unknown) => void;
  }) => AsyncIterable<unknown>;
  readonly uiMessageChunkSchema: () => { validate?: (value: unknown) => unknown };
}

const READERS = { 5: v5, 6: v6, 7: v7 } as unknown as Readonly<Record<AiVersion, Reader>>;

/** What a reader makes of a stream: the last message, and the errors that it was told. */
export interface Read {
  readonly message: ReadMessage | null;
  readonly errors: readonly string[];
}

/** Reads a stream to its end. @param message what an earlier stream of the same message has made */
export async function read(
  version: AiVersion,
  chunks: readonly object[],
  message?: ReadMessage | null
): Promise<Read> {
  const errors: string[] = [];
  let last = message ?? null;
  const stream = new ReadableStream({
    start: (controller) => {
      for (const chunk of chunks) controller.enqueue(structuredClone(chunk));
      controller.close();
    }
  });
  const { readUIMessageStream } = READERS[version];
  for await (const read of readUIMessageStream({
    stream: stream as ReadableStream<never>,
    ...(message === null || message === undefined
      ? {}
      : { message: structuredClone(message) as never }),
    onError: (error) => errors.push(error instanceof Error ? error.message : String(error))
  }))
    last = read as ReadMessage;
  return { message: last, errors };
}

/** Returns whether the version's own schema takes a chunk. */
export async function isTaken(version: AiVersion, chunk: object): Promise<boolean> {
  const schema = READERS[version].uiMessageChunkSchema();
  const result = (await schema.validate?.(JSON.parse(JSON.stringify(chunk)))) as {
    success: boolean;
  };
  return result.success;
}

/** The answer that a message shows: its text without that of attempts that failed. */
export function shownText(message: ReadMessage | null): string {
  return (message?.parts ?? [])
    .filter(({ type }) => type === 'text')
    .filter(({ providerMetadata }) => providerMetadata?.rollcall?.superseded !== true)
    .map(({ text }) => text)
    .join('');
}
