/**
 * The events and messages of AG-UI that the server sends, as far as it uses them.
 * @see https://docs.ag-ui.com/concepts/events
 */
import type { OpenAsk } from '../../../actors/agents/run-record.js';

/** A message of a snapshot. */
export type AgUiMessage =
  | { readonly id: string; readonly role: 'user'; readonly name: string; readonly content: string }
  | { readonly id: string; readonly role: 'reasoning'; readonly content: string }
  | {
      readonly id: string;
      readonly role: 'assistant';
      readonly name?: string;
      readonly content?: string;
      readonly toolCalls?: readonly AgUiCall[];
    }
  | {
      readonly id: string;
      readonly role: 'tool';
      readonly toolCallId: string;
      readonly content: string;
      readonly metadata?: AgUiMetadata;
    };

/** A call of a tool. */
export interface AgUiCall {
  readonly id: string;
  readonly type: 'function';
  readonly function: { readonly name: string; readonly arguments: string };
}

/** What is told of a result beside its content. */
export interface AgUiMetadata {
  /** Whether the tool has failed; its content is the reason. */
  readonly failed: true;
}

/** A question that ends an AG-UI run. */
export interface AgUiInterrupt {
  readonly id: string;
  readonly reason: 'input_required';
  readonly message: string;
  /** JSON Schema of the answer; absent: any text. */
  readonly responseSchema?: object;
  /** ISO 8601. */
  readonly expiresAt: string;
}

/** Tokens that a run has used. */
export interface AgUiUsage {
  readonly model?: string;
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  readonly cachedInputTokens?: number;
  readonly reasoningTokens?: number;
}

/** How an AG-UI run ended that has not failed. */
export type AgUiOutcome =
  | { readonly type: 'success' | 'cancelled' }
  | { readonly type: 'interrupt'; readonly interrupts: readonly AgUiInterrupt[] };

/** An event. */
export type AgUiEvent =
  | {
      readonly type: 'RUN_STARTED';
      readonly threadId: string;
      readonly runId: string;
      readonly protocolVersion: string;
    }
  | {
      readonly type: 'RUN_FINISHED';
      readonly threadId: string;
      readonly runId: string;
      readonly outcome: AgUiOutcome;
      readonly usage?: readonly AgUiUsage[];
    }
  | {
      readonly type: 'RUN_ERROR';
      readonly message: string;
      readonly code: string;
      readonly usage?: readonly AgUiUsage[];
    }
  | { readonly type: 'MESSAGES_SNAPSHOT'; readonly messages: readonly AgUiMessage[] }
  | {
      readonly type: 'TEXT_MESSAGE_START';
      readonly messageId: string;
      readonly role: 'assistant' | 'user';
      readonly name: string;
    }
  | {
      readonly type: 'TEXT_MESSAGE_CONTENT' | 'REASONING_MESSAGE_CONTENT';
      readonly messageId: string;
      readonly delta: string;
    }
  | {
      readonly type:
        'TEXT_MESSAGE_END' | 'REASONING_START' | 'REASONING_MESSAGE_END' | 'REASONING_END';
      readonly messageId: string;
    }
  | {
      readonly type: 'REASONING_MESSAGE_START';
      readonly messageId: string;
      readonly role: 'reasoning';
    }
  | {
      readonly type: 'TOOL_CALL_START';
      readonly toolCallId: string;
      readonly toolCallName: string;
    }
  | { readonly type: 'TOOL_CALL_ARGS'; readonly toolCallId: string; readonly delta: string }
  | { readonly type: 'TOOL_CALL_END'; readonly toolCallId: string }
  | {
      readonly type: 'TOOL_CALL_RESULT';
      readonly messageId: string;
      readonly toolCallId: string;
      readonly content: string;
      readonly role: 'tool';
      readonly metadata?: AgUiMetadata;
    }
  | { readonly type: 'CUSTOM'; readonly name: string; readonly value: unknown };

/** Version of AG-UI that the server speaks. */
export const AGUI_VERSION = '1.0';

/** Returns the text of an event in a `text/event-stream`. */
export function eventText(event: AgUiEvent): string {
  return `data: ${JSON.stringify(event)}\n\n`;
}

/** Returns the id of an interrupt, which names the run and its question. */
export function interruptId(run: string, ask: string): string {
  return `${run}:${ask}`;
}

/** Returns the run and the question that an interrupt's id names; null when it names none. */
export function readInterruptId(id: string): { readonly run: string; readonly ask: string } | null {
  const at = id.lastIndexOf(':');
  return at < 1 ? null : { run: id.slice(0, at), ask: id.slice(at + 1) };
}

/** Makes the interrupt of a question. */
export function interruptOf(
  run: string,
  { ask, prompt, schema, expiresAt }: OpenAsk
): AgUiInterrupt {
  return {
    id: interruptId(run, ask),
    reason: 'input_required',
    message: prompt,
    ...(schema === null ? {} : { responseSchema: schema }),
    expiresAt: new Date(expiresAt).toISOString()
  };
}

/**
 * Returns the id of a text message of a run. The text of a run is one message; while it streams it is one for each part
 * between two steps, so that a tool call stands where it happened.
 */
export function textId(run: string, attempt: number, part: number): string {
  if (part > 0) return `${run}.${String(attempt)}.${String(part)}`;
  return attempt > 1 ? `${run}.${String(attempt)}` : run;
}

/**
 * Returns the id of a step of a run, by the offset of its entry: what the agent calls it may come again in a later run,
 * and a known id would add its arguments to the old ones.
 */
export function stepId(run: string, offset: number): string {
  return `${run}:${String(offset)}`;
}
