/** What the messages of the AI SDK (`ai`) say to Rollcall: the body of a message that is sent, and answers to questions. */
import { isErasedBody } from '../erased.js';

/** A part of a message, as far as it matters here. */
export interface AiPart {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** A message of the AI SDK, as far as it matters here. */
export interface AiMessage {
  readonly id: string;
  readonly role: 'system' | 'user' | 'assistant';
  readonly parts: readonly object[];
  readonly metadata?: unknown;
}

/** The body of the log entry for a message: its `text`, and its `parts` when it is more than text. */
export function bodyOfMessage({ parts }: Pick<AiMessage, 'parts'>): Record<string, unknown> {
  const all = parts.filter(isPart);
  const text = all
    .flatMap((part) => (part.type === 'text' ? [String(part['text'])] : []))
    .join('\n');
  return all.every(({ type }) => type === 'text') ? { text } : { text, parts: all };
}

/** The parts that show a body of the log; none for an erased one. */
export function partsOfBody(body: unknown): readonly AiPart[] {
  if (isErasedBody(body)) return [];
  if (isRecord(body) && Array.isArray(body['parts'])) {
    const parts = body['parts'].filter(isPart);
    if (parts.length > 0) return parts;
  }
  return [{ type: 'text', text: wordsOf(body) }];
}

/** An answer that a message holds to a question of an agent. */
export interface AiAnswer {
  readonly ask: string;
  readonly value: unknown;
}

/**
 * The answers to questions in a message of an agent: what was given to `addToolOutput`, or to `addToolApprovalResponse`. There the
 * value is the `reason` when the question does not ask for yes or no, read as JSON unless any text answers.
 */
export function answersIn({ parts }: Pick<AiMessage, 'parts'>): AiAnswer[] {
  return parts.filter(isPart).flatMap((part) => {
    const { toolCallId: ask, state, approval } = part;
    if (part.type !== 'dynamic-tool' || part['toolName'] !== 'ask' || typeof ask !== 'string')
      return [];
    if (state === 'output-available') return [{ ask, value: part['output'] }];
    if (state !== 'approval-responded' || !isRecord(approval)) return [];
    return [{ ask, value: approvalValue(part['input'], approval) }];
  });
}

function approvalValue(input: unknown, approval: Readonly<Record<string, unknown>>): unknown {
  const schema = isRecord(input) ? input['schema'] : null;
  const approved = approval['approved'] === true;
  const { reason } = approval;
  if (isRecord(schema) && schema['type'] === 'boolean') return approved;
  if (!approved) return false;
  if (typeof reason !== 'string') return schema === null ? 'yes' : true;
  if (!isRecord(schema) || schema['type'] === 'string') return reason;
  try {
    return JSON.parse(reason);
  } catch {
    return reason;
  }
}

function wordsOf(body: unknown): string {
  if (typeof body === 'string') return body;
  if (isRecord(body) && typeof body['text'] === 'string') return body['text'];
  return body === undefined ? '' : JSON.stringify(body);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isPart(value: unknown): value is AiPart {
  return isRecord(value) && typeof value['type'] === 'string';
}
