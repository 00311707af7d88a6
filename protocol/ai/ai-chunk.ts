/**
 * The pieces in which the AI SDK (`ai`) reads an answer: those of its UIMessageChunk that Rollcall writes. Its readers check
 * each piece by a schema and refuse types that they do not know, so each version gets what it knows.
 */

/** Major versions of `ai` that are served. */
export const AI_VERSIONS = [5, 6, 7] as const;

/** One of {@link AI_VERSIONS}. */
export type AiVersion = (typeof AI_VERSIONS)[number];

/** What a message of an agent says of its run, as `metadata` of the message. */
export interface AiRunMetadata {
  readonly run: string;
  readonly agent?: string;
  /** `completed`, `failed` or `cancelled` once the run has ended. */
  readonly state: string;
  /** How many runs are before it; only while `queued`. */
  readonly position?: number;
  /** Offset of the last entry of the log that is in the message. */
  readonly offset?: number;
  /** Tokens, as far as the agent has told them. */
  readonly usage?: Readonly<Record<string, unknown>>;
  /** Why it failed. */
  readonly error?: { readonly code: string; readonly message: string };
  /** Who cancelled it. */
  readonly by?: string;
  /** The question that waits for an answer. */
  readonly ask?: string;
}

/** What a question of an agent is as the input of a tool. */
export interface AiAskInput {
  readonly prompt: string;
  /** JSON Schema of the answer; null: any text. */
  readonly schema: unknown;
  /** Unix milliseconds; null when unknown. */
  readonly expiresAt: number | null;
}

interface Tool {
  readonly toolCallId: string;
  readonly dynamic: true;
  /** Set for tools that the agent calls itself; absent for a question, which people answer. */
  readonly providerExecuted?: true;
}

interface TextEnd {
  readonly type: 'text-end';
  readonly id: string;
  /** Set on the text of an attempt that has failed: it is no part of the answer. */
  readonly providerMetadata?: { rollcall: { superseded: true } };
}

/** Pieces that all versions know. */
export type AiChunk5 =
  | { readonly type: 'start'; readonly messageId: string; readonly messageMetadata: AiRunMetadata }
  | { readonly type: 'start-step' }
  | { readonly type: 'finish-step' }
  | { readonly type: 'text-start'; readonly id: string }
  | { readonly type: 'text-delta'; readonly id: string; readonly delta: string }
  | TextEnd
  | { readonly type: 'reasoning-start'; readonly id: string }
  | { readonly type: 'reasoning-delta'; readonly id: string; readonly delta: string }
  | { readonly type: 'reasoning-end'; readonly id: string }
  | (Tool & {
      readonly type: 'tool-input-available';
      readonly toolName: string;
      readonly input: unknown;
    })
  | (Tool & { readonly type: 'tool-output-available'; readonly output: unknown })
  | (Tool & { readonly type: 'tool-output-error'; readonly errorText: string })
  | { readonly type: 'message-metadata'; readonly messageMetadata: AiRunMetadata }
  | {
      readonly type: 'finish';
      readonly finishReason: 'stop' | 'tool-calls';
      readonly messageMetadata: AiRunMetadata;
    }
  | { readonly type: 'error'; readonly errorText: string }
  | { readonly type: 'abort' };

/** Pieces that version 6 knows. */
export type AiChunk6 =
  | AiChunk5
  | {
      readonly type: 'tool-approval-request';
      readonly approvalId: string;
      readonly toolCallId: string;
    };

/** Pieces that version 7 knows. */
export type AiChunk7 = AiChunk6 | { readonly type: 'reset-step' };

/** The pieces of each version. */
export interface AiChunks {
  5: AiChunk5;
  6: AiChunk6;
  7: AiChunk7;
}

/** First version that knows a type of pieces; 5 for the rest. */
const SINCE: Readonly<Record<string, AiVersion>> = {
  'tool-approval-request': 6,
  'reset-step': 7
};

/** Returns whether a version of `ai` knows a piece. What 5 knows, all know. */
export function isKnownTo<V extends AiVersion>(
  version: V | 5,
  chunk: AiChunk7
): chunk is AiChunks[V] {
  return (SINCE[chunk.type] ?? 5) <= version;
}

/** Returns the version that a caller names, by its number or the text of it; null for any other. */
export function aiVersion(named: unknown): AiVersion | null {
  return AI_VERSIONS.find((version) => String(version) === String(named)) ?? null;
}
