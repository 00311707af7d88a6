/**
 * Makes the row of a run from the message of its end. The row has the key of that message, so that the table has each run
 * once, also after a crash and when the tables are filled again.
 */
import { runEndOf } from '../../facts/run-end.js';
import type { FeedEntry } from '../../log/analytics-feed.js';
import type { MessageFrame } from '../../../protocol/frames.js';
import { duration, sound, UINT32_MAX, whole } from './sound-values.js';
import type { Row } from '../store.js';

/** Columns of the table `runs`. */
export const RUN_COLUMNS = [
  'thread',
  'epoch',
  'offset',
  'run',
  'agent',
  'user',
  'inReplyTo',
  'outcome',
  'code',
  'attempts',
  'ms',
  'firstTextMs',
  'model',
  'inputTokens',
  'outputTokens',
  'cachedTokens',
  'reasoningTokens',
  'at'
] as const;

/** Returns the row of the run that a message ends; null for any other message. */
export function runRow({ thread, epoch, offset }: FeedEntry, message: MessageFrame): Row | null {
  const end = runEndOf(message);
  if (end === null) return null;
  const { ms, firstTextMs } = end;
  return {
    thread: sound(thread),
    epoch: sound(epoch),
    offset: whole(offset),
    run: sound(end.run),
    agent: sound(end.agent),
    user: sound(end.user),
    inReplyTo: sound(end.inReplyTo),
    outcome: end.outcome,
    code: sound(end.code),
    attempts: whole(end.attempts, UINT32_MAX),
    ms: ms === null ? null : duration(ms),
    firstTextMs: firstTextMs === null ? null : duration(firstTextMs),
    model: sound(end.model),
    inputTokens: tokens(end.input),
    outputTokens: tokens(end.output),
    cachedTokens: tokens(end.cached),
    reasoningTokens: tokens(end.reasoning),
    at: whole(message.at)
  };
}

function tokens(count: number | null): number | null {
  return count === null ? null : whole(count);
}
