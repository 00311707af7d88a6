/**
 * The messages that a publish names: the one that it edits, and the one whose answer it asks for again. A user may name
 * messages of its own, and whoever may manage the thread those of everybody.
 */
import type { LogReader } from '../../actors/log/log-reader.js';
import { frameHeader } from '../../protocol/message-frame.js';
import { NOT_ANSWERED, NOT_ANSWERED_AFTER_MS } from './authority.js';
import type { Action } from './grants.js';
import type { CallerRights } from './guard.js';

/** The mids that a publish names. */
export interface NamedMessages {
  readonly regenerates?: string | undefined;
  readonly edits?: string | undefined;
}

/** Why a publish may not name a message. */
export interface NamedRefusal {
  readonly code: 'forbidden' | 'not_found' | 'unavailable';
  readonly reason: string;
  readonly afterMs?: number;
}

/** Asks the application about all rights that a publish may need; null when there is nothing to wait for. */
export function publishQuestion(
  ask: (action: Action) => Promise<void> | null,
  named: NamedMessages
): Promise<void> | null {
  const write = ask('write');
  const manage = midsOf(named).length > 0 ? ask('manage') : null;
  if (write === null || manage === null) return write ?? manage;
  return write.then(() => manage);
}

/**
 * Returns why a publish may not name what it names; null when it may.
 * @throws {LogUnavailableError} or `LogCorruptError` when the log cannot be read
 */
export function namedRefusal(
  log: Pick<LogReader, 'withMid'>,
  { user, rights }: { readonly user: string; readonly rights: Pick<CallerRights, 'judge'> },
  request: NamedMessages & { readonly thread: string; readonly mid: string }
): NamedRefusal | null {
  const { thread, mid } = request;
  const mids = midsOf(request);
  // A message that is sent again was judged before; what it names may be gone by now.
  if (mids.length === 0 || log.withMid(mid, 1, thread).length > 0) return null;
  for (const named of mids) {
    const [found] = log.withMid(named, 1, thread);
    if (found === undefined) {
      return { code: 'not_found', reason: 'the message that it names is not in the thread' };
    }
    if (frameHeader(found.frame)?.user === user) continue;
    const judgement = rights.judge('manage', thread);
    if (judgement.isAllowed) continue;
    return judgement.code === 'unavailable'
      ? { code: 'unavailable', reason: NOT_ANSWERED, afterMs: NOT_ANSWERED_AFTER_MS }
      : { code: 'forbidden', reason: 'the message that it names is not yours' };
  }
  return null;
}

const NO_MIDS: readonly string[] = [];

function midsOf({ regenerates, edits }: NamedMessages): readonly string[] {
  // Nearly all messages name none.
  if (regenerates === undefined && edits === undefined) return NO_MIDS;
  return [regenerates, edits].filter((mid) => mid !== undefined);
}
