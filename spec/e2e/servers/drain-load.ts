/**
 * Many clients of a server that is about to stop: half of them subscribe, and some publish all the time. Keeps what the
 * server told them, to compare it with what the next server has stored.
 */
import { WireClient, type Ended, type Frame } from '../wire/wire-client.js';

/** Clients that connect at once. */
const BATCH = 100;

/** Subscribers of one thread. */
const SUBSCRIBERS = 10;

/** Publishers; each waits for its ack before the next message. */
const PUBLISHERS = 10;

/** Acks that every publisher waits for before the load counts as running. */
const WARM_ACKS = 20;

/** Number of acks that have come when `publish` resolves. */
export const RUNNING_ACKS = PUBLISHERS * WARM_ACKS;

/** Messages in one page of the API. */
const PAGE = 500;

/** How the server closed one client's connection. `at` is `performance.now()` at the close. */
export interface Goodbye {
  readonly at: number;
  /** The last frame that came. */
  readonly said: Frame;
  readonly end: Ended;
}

/** Counts of the published messages by their answer, and all contradictions between answers and stored messages. */
export interface Verdict {
  readonly acked: number;
  /** Answered with an error that says to retry. */
  readonly refused: number;
  /** Never answered: the connection ended first. */
  readonly unknown: number;
  /** Subscribers, one in each thread, that resumed by offset without a gap. */
  readonly resumed: number;
  readonly faults: readonly string[];
}

interface Published {
  readonly thread: string;
  /** Offset of the ack; `refused`; null when there was no answer. */
  answer: number | 'refused' | null;
}

/** The clients, and everything that the server told them. */
export class Load {
  readonly goodbyes: Goodbye[] = [];
  readonly threads: string[] = [];
  readonly #clients: WireClient[] = [];
  readonly #published = new Map<string, Published>();
  readonly #subscribers = new Map<string, { client: WireClient; epoch: string }>();

  /** Connects all clients; the first half subscribes, ten to a thread. */
  async join(url: string, count: number): Promise<void> {
    for (let from = 0; from < count; from += BATCH) {
      const size = Math.min(BATCH, count - from);
      await Promise.all(Array.from({ length: size }, (_, n) => this.#arrive(url, from + n, count)));
    }
  }

  /** Starts publishers, spread over all clients, and resolves when all of them publish. */
  async publish(): Promise<void> {
    const { length } = this.#clients;
    const warm = Array.from({ length: PUBLISHERS }, (_, n) => {
      const client = this.#clients[Math.floor((length * (2 * n + 1)) / (2 * PUBLISHERS))];
      return new Promise<void>((resolve) => {
        if (client !== undefined) void this.#publishOn(client, n, resolve);
      });
    });
    await Promise.all(warm);
  }

  /** Resolves when every connection has ended. */
  async ended(): Promise<void> {
    await Promise.all(this.#clients.map(({ ended }) => ended));
  }

  /** Compares the answers that clients got with what the next server has stored. */
  async verify(url: string): Promise<Verdict> {
    const faults: string[] = [];
    const stored = new Map<string, number>();
    let resumed = 0;
    const check = async (thread: string): Promise<void> => {
      const rows = await history(url, thread);
      for (const [index, { mid, offset }] of rows.entries()) {
        if (offset !== index + 1) faults.push(`${thread} has ${String(offset)} out of place`);
        if (stored.has(mid)) faults.push(`${mid} is stored twice`);
        stored.set(mid, offset);
      }
      const subscriber = this.#subscribers.get(thread);
      if (subscriber === undefined) return;
      if (await resumes(url, thread, subscriber, rows.length)) resumed += 1;
      else faults.push(`the subscriber of ${thread} did not get everything once, in order`);
    };
    await Promise.all(this.threads.map(check));
    const counts = { acked: 0, refused: 0, unknown: 0 };
    for (const [mid, { answer }] of this.#published) {
      const offset = stored.get(mid);
      if (answer === null) counts.unknown += 1;
      else if (answer === 'refused') {
        counts.refused += 1;
        if (offset !== undefined) faults.push(`${mid} was refused and is stored`);
      } else {
        counts.acked += 1;
        if (offset !== answer) faults.push(`${mid} was acked at ${String(answer)}, is elsewhere`);
      }
    }
    for (const mid of stored.keys()) if (!this.#published.has(mid)) faults.push(`who sent ${mid}?`);
    return { ...counts, resumed, faults };
  }

  async #arrive(url: string, index: number, count: number): Promise<void> {
    const client = await WireClient.connect(url, `u${String(index)}`);
    this.#clients.push(client);
    void client.ended.then((end) => {
      const said = client.all.at(-1);
      if (said !== undefined) this.goodbyes.push({ at: performance.now(), said, end });
    });
    if (index >= count / 2) return;
    const thread = `d.${String(Math.floor(index / SUBSCRIBERS))}`;
    const { subscribed } = await client.subscribe(thread);
    if (this.#subscribers.has(thread)) return;
    this.threads.push(thread);
    this.#subscribers.set(thread, { client, epoch: subscribed.epoch });
  }

  /** Sends each message as soon as the one before is answered, until the server closes the connection. */
  async #publishOn(client: WireClient, publisher: number, warm: () => void): Promise<void> {
    for (let n = 0; client.socket.readyState === client.socket.OPEN; n += 1) {
      if (n === WARM_ACKS) warm();
      const mid = `p${String(publisher)}-${String(n)}`;
      const thread = this.threads[(n * PUBLISHERS + publisher) % this.threads.length] ?? '';
      const published: Published = { thread, answer: null };
      this.#published.set(mid, published);
      const answer = await client.publish(thread, mid).catch(() => null);
      if (answer === null) return;
      published.answer = answer.type === 'ack' ? answer.offset : 'refused';
    }
  }
}

/** Subscribes again from a subscriber's last offset; true when it then has each message once and in order. */
async function resumes(
  url: string,
  thread: string,
  { client, epoch }: { client: WireClient; epoch: string },
  last: number
): Promise<boolean> {
  const seen = client.all.filter(({ type, thread: of }) => type === 'message' && of === thread);
  const again = await WireClient.connect(url, 'again');
  const since = { offset: seen.at(-1)?.offset ?? 0, epoch };
  const { subscribed, replays } = await again.subscribe(thread, since);
  await again.close();
  const offsets = [...seen, ...replays].map(({ offset }) => offset);
  return (
    subscribed['recovered'] === true &&
    offsets.length === last &&
    offsets.every((offset, index) => offset === index + 1)
  );
}

async function history(url: string, thread: string): Promise<Frame[]> {
  const rows: Frame[] = [];
  for (;;) {
    const after = String(rows.at(-1)?.offset ?? 0);
    const path = `/api/threads/${thread}/messages?after=${after}&limit=${String(PAGE)}`;
    const page: unknown = await (await fetch(url + path)).json();
    if (!isPage(page)) throw new Error(`the API answered ${JSON.stringify(page)}`);
    rows.push(...page.messages);
    if (!page.more) return rows;
  }
}

function isPage(value: unknown): value is { messages: Frame[]; more: boolean } {
  return typeof value === 'object' && value !== null && 'messages' in value && 'more' in value;
}
