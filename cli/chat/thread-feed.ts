/**
 * A thread as one sequence from a position on. Messages that the SDK dropped for a slow reader, or that the server
 * skipped, are fetched from history and put in their place.
 */
import type { Gap, MessageFrame, Thread, ThreadItem } from '../../client/sdk/client.js';

/** Messages of one fetch. */
export const PAGE = 200; // a page of the largest frames has some megabytes

/** Reads a thread from its subscription on; with `after`, all messages after that offset first. */
export async function* feedOf(
  thread: Thread,
  after: number | null
): AsyncGenerator<ThreadItem, void, undefined> {
  const joined = new Promise<number>((resolve) => {
    thread.on('subscribed', () => resolve(thread.position?.offset ?? 0));
  });
  const items = thread[Symbol.asyncIterator]();
  let next = items.next();
  // It may fail while history is read; then the read fails too, and reports it.
  next.catch(() => undefined);
  if (after !== null) {
    // A refused thread ends the reading.
    const offset = await Promise.race([joined, next.then(() => joined)]);
    yield* filled(thread, { from: after + 1, to: offset, reason: 'trimmed' });
  }
  for (;;) {
    const result = await next;
    if (result.done === true) return;
    const { value } = result;
    const isFilled =
      value.type === 'gap' && (value.gap.reason === 'overflow' || value.gap.reason === 'missing');
    if (isFilled) yield* filled(thread, value.gap);
    else yield value;
    next = items.next();
  }
}

/** Yields the messages of a gap, and a gap for each stretch that is lost, however long. */
async function* filled(
  thread: Thread,
  { from, to, reason }: Gap
): AsyncGenerator<ThreadItem, void, undefined> {
  let told = from;
  for (let at: number | null = from; at !== null && at <= to;) {
    const end: number = Math.min(to, at + PAGE - 1);
    const messages = await between(thread, at, end);
    for (const message of messages) {
      if (message.offset > told) {
        yield { type: 'gap', gap: { from: told, to: message.offset - 1, reason } };
      }
      yield { type: 'message', message };
      told = message.offset + 1;
    }
    at = messages.length > 0 ? end + 1 : await firstBetween(thread, end + 1, to);
  }
  if (told <= to) yield { type: 'gap', gap: { from: told, to, reason } };
}

/** Returns the messages between two offsets, both included, oldest first. */
async function between(thread: Thread, from: number, to: number): Promise<MessageFrame[]> {
  let messages: MessageFrame[] = [];
  for (let before = to + 1; before > from;) {
    const page = await thread.history({ before, limit: before - from });
    const asked = page.messages.filter(({ offset }) => offset >= from && offset < before);
    messages = [...asked, ...messages];
    // A page of long messages may be shorter than the limit.
    const [first] = asked;
    if (first === undefined || !page.more) break;
    before = first.offset;
  }
  return messages;
}

/**
 * Returns the offset of the oldest message between two offsets, both included; null when there is none. A binary
 * search, since a thread may have lost millions of messages.
 */
async function firstBetween(thread: Thread, from: number, to: number): Promise<number | null> {
  let first: number | null = null;
  let low = from;
  let high = to;
  // Ask for the end first: often there is nothing at all.
  for (let at = to; low <= high; at = low + Math.floor((high - low) / 2)) {
    const page = await thread.history({ before: at + 1, limit: 1 });
    const newest = page.messages.at(-1)?.offset ?? 0;
    if (newest >= low && newest <= at) {
      first = newest;
      if (!page.more) break;
      high = newest - 1;
    } else low = at + 1;
  }
  return first;
}
