/**
 * Check 2: the chat delivers. Two clients, order, a connection that is cut in the middle, an event stream, and a run of
 * an agent.
 */
import type { MessageFrame } from '../../../protocol/frames.js';
import { checkRun } from './run.js';
import { probeThread, refused, subscribe } from './probe-thread.js';
import { msText, type Bench, type Finding } from '../bench/check.js';
import { VerifyFault } from '../bench/verify-fault.js';
import { ANSWER_MS, type Wire } from '../bench/wire.js';

/** Most messages that are published before and after the cut, each. */
const MESSAGES = 20;

/** How long an event stream may take to bring a message, in milliseconds; a proxy that buffers brings none. */
export const EVENT_MS = 5_000;

/** Runs the check. */
export async function checkChat(bench: Bench): Promise<Finding> {
  const writer = await bench.connect();
  const user = writer.hello?.user ?? '';
  const thread = probeThread(user);
  try {
    const { faults, sent, slowestMs } = await exchange(bench, writer, thread);
    const stream = await eventStream(bench, writer, thread);
    const run = await checkRun(bench, writer, probeThread(user, 'health_check_', 'agent'));
    return {
      figure: [
        `${String(sent)} messages in order, 1 reconnect, slowest ${msText(slowestMs)}`,
        stream.figure,
        run.figure
      ].join('; '),
      faults: [...faults, ...stream.faults, ...run.faults],
      notes: run.notes ?? []
    };
  } finally {
    writer.drop();
  }
}

interface Exchange {
  readonly faults: readonly string[];
  readonly sent: number;
  /** Longest time from sending a message to its arrival, in milliseconds. */
  readonly slowestMs: number;
}

async function exchange(bench: Bench, writer: Wire, thread: string): Promise<Exchange> {
  const first = await bench.connect();
  const wires = [first];
  try {
    const subscribed = await subscribe(first, thread, 'live');
    const perSecond = writer.hello?.limits.publishPerSecond ?? 0;
    const half = perSecond === 0 ? MESSAGES : Math.max(2, Math.min(MESSAGES, perSecond));
    const sentAt = new Map<string, number>();
    const before = await publish(bench, writer, thread, 'a', half, sentAt);
    const lastBefore = before.at(-1);
    await first.until(
      () => messagesOf(first, thread).some(({ offset }) => offset >= (lastBefore?.offset ?? 0)),
      'the last of the messages before the cut'
    );
    const position = messagesOf(first, thread).at(-1)?.offset ?? subscribed.offset;
    first.drop();
    const after = await publish(bench, writer, thread, 'b', half, sentAt);
    const second = await bench.connect();
    wires.push(second);
    const again = await subscribe(second, thread, { offset: position, epoch: subscribed.epoch });
    const lastAfter = after.at(-1);
    await second
      .until(
        () => messagesOf(second, thread).some(({ offset }) => offset >= (lastAfter?.offset ?? 0)),
        'the last of the messages after the cut'
      )
      .catch(notThere);
    await second.settle();
    const got = [...messagesOf(first, thread), ...messagesOf(second, thread)];
    const faults = [
      ...faultsOf(got, subscribed.offset, [...before, ...after]),
      ...(again.gap === null ? [] : [`the reconnect was told of a gap (${again.gap.reason})`])
    ];
    return { faults, sent: before.length + after.length, slowestMs: slowest(first, sentAt) };
  } finally {
    for (const wire of wires) wire.drop();
  }
}

/** What did not come is found by comparing, with its number. */
function notThere(error: unknown): void {
  if (!(error instanceof VerifyFault)) throw error;
}

interface Stored {
  readonly mid: string;
  readonly offset: number;
}

async function publish(
  bench: Bench,
  wire: Wire,
  thread: string,
  part: string,
  count: number,
  sentAt: Map<string, number>
): Promise<Stored[]> {
  const mids = Array.from({ length: count }, (_, n) => `${bench.run}-${part}${String(n)}`);
  const acks = mids.map(async (mid) => {
    sentAt.set(mid, bench.clock.elapsed());
    const frame = { type: 'publish', thread, mid, body: { text: 'rollcall verify' } } as const;
    const answer = await wire.ask(frame);
    if (answer.type === 'ack') return { mid, offset: answer.offset };
    throw refused('a message', answer);
  });
  return await Promise.all(acks);
}

function messagesOf(wire: Wire, thread: string): MessageFrame[] {
  return wire.taken.flatMap(({ frame }) =>
    frame.type === 'message' && frame.thread === thread ? [frame] : []
  );
}

/** Compares what came with what was acknowledged. Other runs may write into the thread at the same time. */
function faultsOf(
  got: readonly MessageFrame[],
  after: number,
  stored: readonly Stored[]
): string[] {
  const faults: string[] = [];
  const count = new Map<number, number>();
  for (const { offset } of got) count.set(offset, (count.get(offset) ?? 0) + 1);
  const twice = [...count].filter(([, times]) => times > 1).map(([offset]) => offset);
  const last = Math.max(after, ...stored.map(({ offset }) => offset));
  const missing: number[] = [];
  for (let offset = after + 1; offset <= last; offset += 1) {
    if (!count.has(offset)) missing.push(offset);
  }
  const late = got.find(({ offset }, index) => offset < (got[index - 1]?.offset ?? 0));
  const moved = stored.filter(
    ({ mid, offset }, index) =>
      offset <= (stored[index - 1]?.offset ?? 0) ||
      got.some((message) => message.offset === offset && message.mid !== mid)
  );
  if (missing.length > 0) faults.push(`${some(missing)} did not arrive`);
  if (twice.length > 0) faults.push(`${some(twice)} arrived twice`);
  if (late !== undefined) faults.push(`offset ${String(late.offset)} arrived after a later one`);
  if (moved.length > 0)
    faults.push(`${some(moved.map(({ offset }) => offset))} is not where it was sent`);
  return faults;
}

function some(offsets: readonly number[]): string {
  const [first = 0] = offsets;
  const rest = offsets.length - 1;
  return `offset ${String(first)}${rest === 0 ? '' : ` and ${String(rest)} more`}`;
}

function slowest(wire: Wire, sentAt: ReadonlyMap<string, number>): number {
  const times = wire.taken.flatMap(({ frame, at }) => {
    const began = frame.type === 'message' ? sentAt.get(frame.mid) : undefined;
    return began === undefined ? [] : [at - began];
  });
  return Math.max(0, ...times);
}

/** A message must come over an event stream while the stream is open: a proxy that buffers holds it back. */
async function eventStream(bench: Bench, writer: Wire, thread: string): Promise<Finding> {
  const ends = new AbortController();
  const timer = setTimeout(() => {
    ends.abort();
  }, EVENT_MS + ANSWER_MS);
  try {
    const bearer = bench.token ?? bench.apiKey;
    const path = `api/threads/${encodeURIComponent(thread)}/events`;
    const opened = bench.door.open(path, { bearer }, ends.signal);
    const held = `an event stream brought nothing for ${String(EVENT_MS / 1_000)} s: a proxy holds it back (proxy_buffering off)`;
    const began = bench.clock.elapsed();
    const mid = `${bench.run}-e`;
    const response = await within(opened, EVENT_MS, held);
    if (!response.ok || response.body === null) {
      return { figure: '', faults: [`an event stream was answered ${String(response.status)}`] };
    }
    const reading = untilText(response.body, mid);
    await writer.ask({ type: 'publish', thread, mid, body: { text: 'rollcall verify' } });
    await within(reading, EVENT_MS, held);
    return { figure: `event stream ${msText(bench.clock.elapsed() - began)}`, faults: [] };
  } catch (error) {
    if (!(error instanceof VerifyFault)) throw error;
    return { figure: 'no event stream', faults: [error.message] };
  } finally {
    clearTimeout(timer);
    ends.abort();
  }
}

async function within<T>(work: Promise<T>, ms: number, fault: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new VerifyFault(fault));
    }, ms);
  });
  // Whichever loses is ended with the stream.
  work.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function untilText(stream: ReadableStream<Uint8Array>, wanted: string): Promise<void> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const part of stream) {
    text = `${text}${decoder.decode(part, { stream: true })}`.slice(-65_536);
    if (text.includes(wanted)) return;
  }
  throw new VerifyFault('an event stream ended before its message');
}
