/** Forgets what an erased message said, wherever this client has it. */
import { ERASED_KIND, isErasedBody } from '../../../protocol/erased.js';
import type { MessageFrame } from '../../../protocol/frames.js';
import { isRecord } from '../json.js';
import { runOf } from './runs/run.js';

/** An item of a thread: a message, or something else. */
interface Item {
  readonly type: string;
  readonly message?: MessageFrame;
}

/** Returns whether a message was erased: it keeps its place, author and time, and has nothing to show. */
export function isErased({ body }: Pick<MessageFrame, 'body'>): boolean {
  return isErasedBody(body);
}

/** Returns whether an entry only tells that a message was erased. Such entries are not shown. */
export function isErasure({ kind }: Pick<MessageFrame, 'kind'>): boolean {
  return kind === ERASED_KIND;
}

/** Erases the message that an entry tells of from items. Other entries change nothing. */
export function eraseIn(items: Item[], entry: MessageFrame): void {
  if (!isErasure(entry) || !isRecord(entry.body)) return;
  const { target } = entry.body;
  items.forEach(({ type, message }, at) => {
    if (message === undefined || message.offset !== target) return;
    const body = { erased: true, run: runOf(message) ?? undefined };
    items[at] = { type, message: { ...message, body } };
  });
}

/** Returns a message, without what it said when `entry` tells that it was erased. */
export function erasedBy(message: MessageFrame, entry: MessageFrame): MessageFrame {
  const items: Item[] = [{ type: 'message', message }];
  eraseIn(items, entry);
  return items[0]?.message ?? message;
}
