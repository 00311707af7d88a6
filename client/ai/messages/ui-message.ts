/** Messages in the form of the AI SDK (`UIMessage`), as they are made of a thread. */
import type { AiRunMetadata } from '../../../protocol/ai/ai-chunk.js';

interface Tool {
  type: 'dynamic-tool';
  toolName: string;
  toolCallId: string;
  providerExecuted?: boolean;
}

/** A part of a message. A question of an agent is the tool `ask`. */
export type RollcallPart =
  | { type: 'step-start' }
  | {
      type: 'text';
      text: string;
      state?: 'streaming' | 'done';
      /** Set on the text of an attempt that has failed: it is no part of the answer. */
      providerMetadata?: { rollcall: { superseded: true } };
    }
  | { type: 'reasoning'; text: string; state?: 'streaming' | 'done' }
  | { type: 'file'; mediaType: string; url: string; filename?: string }
  | (Tool & { state: 'input-available'; input: unknown })
  | (Tool & { state: 'output-available'; input: unknown; output: unknown })
  | (Tool & { state: 'output-error'; input: unknown; errorText: string })
  | (Tool & { state: 'approval-requested'; input: unknown; approval: { id: string } });

/** What is known of a message besides its parts. */
export interface RollcallMetadata extends Partial<AiRunMetadata> {
  /** Who wrote it: a user, or `agent:<name>`. */
  readonly user?: string;
  /** When it was stored, Unix milliseconds. */
  readonly at?: number;
  /** Set on a message that was erased: it has no parts. */
  readonly erased?: boolean;
  /** Of an own message that is not stored yet: whether it is still being sent. */
  readonly sending?: 'pending' | 'sent' | 'failed';
  /** Of an answer with several versions: which one this is, from 0, and how many there are. */
  readonly version?: { readonly index: number; readonly count: number };
}

/** A message of a thread, or an answer of an agent; `id` is the message's `mid`, or the run. */
export interface RollcallUiMessage {
  id: string;
  role: 'user' | 'assistant';
  metadata: RollcallMetadata;
  parts: RollcallPart[];
}
