/** Reads the chunks of a streamed chat completion. Uses only the fields that all servers share. */
import Type, { type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import type { UsageEvent } from '../agent.js';
import type { CompletionCallPiece } from './completion-calls.js';
import { parsedJson } from '../../../protocol/parsed-json.js';

const TextField = Type.Optional(Type.Union([Type.String(), Type.Null()]));
const Count = Type.Optional(Type.Union([Type.Number(), Type.Null()]));
const Details = (field: string): Type.TSchema =>
  Type.Optional(Type.Union([Type.Object({ [field]: Count }), Type.Null()]));

const CallPiece = Type.Object({
  index: Count,
  id: TextField,
  function: Type.Optional(
    Type.Union([Type.Object({ name: TextField, arguments: TextField }), Type.Null()])
  )
});

const Chunk = Type.Object({
  model: TextField,
  choices: Type.Optional(
    Type.Array(
      Type.Object({
        delta: Type.Optional(
          Type.Union([
            Type.Object({
              content: TextField,
              refusal: TextField,
              reasoning_content: TextField,
              reasoning: TextField,
              tool_calls: Type.Optional(Type.Union([Type.Array(CallPiece), Type.Null()]))
            }),
            Type.Null()
          ])
        ),
        finish_reason: TextField
      })
    )
  ),
  usage: Type.Optional(
    Type.Union([
      Type.Object({
        prompt_tokens: Count,
        completion_tokens: Count,
        prompt_tokens_details: Details('cached_tokens'),
        completion_tokens_details: Details('reasoning_tokens')
      }),
      Type.Null()
    ])
  )
});

const CHUNK = Compile(Chunk);

/** The content of a chunk. */
export interface CompletionChunk {
  readonly text: string;
  readonly thinking: string;
  /** Pieces of tool calls. */
  readonly calls: readonly CompletionCallPiece[];
  /** Why the model stopped; null while it has not. */
  readonly finish: string | null;
  readonly usage: UsageEvent | null;
  /** The error that the server sent instead of a chunk, as JSON; null for none. */
  readonly error: string | null;
}

/** Returns the content of a chunk; null when the data is not a chunk. */
export function completionChunk(data: string): CompletionChunk | null {
  const value = parsedJson(data);
  if (typeof value !== 'object' || value === null) return null;
  if ('error' in value && value.error !== null && value.error !== undefined) {
    const error = JSON.stringify(value.error);
    return { text: '', thinking: '', calls: [], finish: null, usage: null, error };
  }
  if (!isChunk(value)) return null;
  const choice = value.choices?.[0];
  const delta = choice?.delta;
  return {
    text: `${delta?.content ?? ''}${delta?.refusal ?? ''}`,
    // Servers use one name or the other; some send both, with the same text.
    thinking: delta?.reasoning_content ?? delta?.reasoning ?? '',
    calls: (delta?.tool_calls ?? []).map((piece) => ({
      index: piece.index ?? null,
      id: piece.id ?? '',
      tool: piece.function?.name ?? '',
      args: piece.function?.arguments ?? ''
    })),
    finish: choice?.finish_reason ?? null,
    usage: usageOf(value),
    error: null
  };
}

function usageOf({ usage, model }: Static<typeof Chunk>): UsageEvent | null {
  if (usage === undefined || usage === null) return null;
  return {
    type: 'usage',
    ...count('input', usage.prompt_tokens),
    ...count('output', usage.completion_tokens),
    ...count('cached', inside(usage.prompt_tokens_details, 'cached_tokens')),
    ...count('reasoning', inside(usage.completion_tokens_details, 'reasoning_tokens')),
    ...(model === undefined || model === null ? {} : { model: model.slice(0, 128) })
  };
}

function count(name: string, value: unknown): Record<string, number> {
  return typeof value === 'number' && value >= 0 ? { [name]: value } : {};
}

function inside(details: unknown, name: string): unknown {
  return typeof details === 'object' && details !== null ? Reflect.get(details, name) : undefined;
}

function isChunk(value: unknown): value is Static<typeof Chunk> {
  return CHUNK.Check(value);
}
