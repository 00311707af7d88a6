/** `rollcall tail`: follows a thread, for people and for scripts. Standard output has the thread and nothing else. */
import {
  bodyText,
  RollcallError,
  type MessageFrame,
  type ThreadItem
} from '../client/sdk/client.js';
import { EXIT, say, type CliSeat } from './cli-outside.js';
import { wordsOf } from './chat/connection-watch.js';
import { dial } from './chat/dial.js';
import { dialFaults, type DialOrder } from './chat/dial-order.js';
import { refusedWords } from './chat/member-words.js';
import { gapWords, MessageLines } from './chat/message-lines.js';
import { codeOf } from '../machines/error-code.js';
import { paintIf, wantsColours } from '../server/logger/paint.js';
import { DEPTH_MAX, isTooDeep, safeJson, safeJsonText, safeLine } from './terminal/safe-text.js';
import { feedOf } from './chat/thread-feed.js';

/** Options of `rollcall tail`. */
export interface TailOrder extends DialOrder {
  /** `start`, `live`, or the offset after which to begin, as text. */
  readonly since: string;
  /** Number of messages after which to end, as text; undefined means never. */
  readonly limit: string | undefined;
  /** Print frames as JSON instead of lines for people. */
  readonly isJson: boolean;
}

/**
 * Prints until it is interrupted, the limit is reached or the output is closed. Returns exit code 1 when the server
 * refuses.
 */
export async function runTail(order: TailOrder, seat: CliSeat): Promise<number> {
  const faults = faultsOf(order);
  if (faults.length > 0) {
    await say(seat.stderr, faults.map((fault) => `rollcall tail: ${fault}`).join('\n'));
    return EXIT.wrongUsage;
  }
  const tell = (words: string): void => {
    seat.stderr.write(`rollcall tail: ${words}\n`, () => undefined);
  };
  const ends = new Set<'over' | 'interrupted'>();
  const client = dial(order, seat.env, (news) => {
    const words = wordsOf(news);
    if (words !== null) tell(words);
    if (news.type === 'over') ends.add('over');
  });
  const ignore = seat.onInterrupt(() => {
    ends.add('interrupted');
    client.close();
  });
  const { since } = order;
  const isWord = since === 'start' || since === 'live';
  const thread = client.thread(order.thread, { since: isWord ? since : 'live' });
  const linesOf = printed(order, seat);
  const limit = order.limit === undefined ? Infinity : Number(order.limit);
  let count = 0;
  try {
    for await (const item of feedOf(thread, isWord ? null : Number(since))) {
      for (const line of linesOf(item)) await say(seat.stdout, line);
      if (item.type === 'message') count += 1;
      if (count >= limit) break;
    }
    return ends.has('over') ? EXIT.failed : EXIT.good;
  } catch (error) {
    if (ends.has('interrupted') || isClosedPipe(error)) return EXIT.good;
    if (isWriteFault(error)) {
      tell(
        `standard output cannot be written: ${safeLine(error.message)}; make room or choose another place`
      );
      return EXIT.failed;
    }
    if (!(error instanceof RollcallError)) throw error;
    if (!ends.has('over')) {
      tell(refusedWords(order.thread, error, thread.position !== null));
    }
    return EXIT.failed;
  } finally {
    ignore();
    client.close();
  }
}

function faultsOf(order: TailOrder): string[] {
  const { since, limit } = order;
  const isSince = ['start', 'live'].includes(since) || isOffset(since);
  const isLimit = limit === undefined || (isOffset(limit) && Number(limit) > 0);
  return [
    ...dialFaults(order),
    ...(isSince ? [] : [`--since "${since}" is neither start, live nor an offset`]),
    ...(isLimit ? [] : [`--limit "${limit}" is no whole number above 0`])
  ];
}

function isOffset(text: string): boolean {
  return /^\d{1,16}$/.test(text) && Number.isSafeInteger(Number(text));
}

/** Returns the function that prints an item: as one frame a line, or as lines for people. */
function printed(order: TailOrder, seat: CliSeat): (item: ThreadItem) => readonly string[] {
  const { thread, isJson } = order;
  if (isJson) {
    return (item) => [
      item.type === 'message'
        ? messageLine(item.message)
        : safeJson({ type: 'gap', thread, ...item.gap })
    ];
  }
  const paint = paintIf(wantsColours(seat.stdout, seat.env));
  const lines = new MessageLines({
    paint,
    columns: () => seat.terminal?.output.columns ?? Infinity,
    stamp: 'date'
  });
  return (item) =>
    item.type === 'message'
      ? lines.of(item.message)
      : [paint('yellow', `── ${gapWords(item.gap)} ──`)];
}

/** Whether standard output was closed by its reader (`| head`). */
function isClosedPipe(error: unknown): boolean {
  return codeOf(error) === 'EPIPE';
}

/** Whether the system refuses to write the output. */
function isWriteFault(error: unknown): error is Error {
  return error instanceof Error && 'syscall' in error && error.syscall === 'write';
}

/** Returns a message as one line of JSON, with the body as its author wrote it; a body nested too deep becomes a note. */
function messageLine(message: MessageFrame): string {
  if (isTooDeep(message.body, DEPTH_MAX - 1)) {
    return safeJson({
      ...message,
      body: `(nested more than ${String(DEPTH_MAX)} deep, not shown)`
    });
  }
  const members = Object.entries(message).map(
    ([name, value]) =>
      `${JSON.stringify(name)}:${name === 'body' ? bodyText(message) : JSON.stringify(value)}`
  );
  return safeJsonText(`{${members.join(',')}}`);
}
