/**
 * Clients that publish all the time, each waiting for its ack before the next message. Measures how long each ack took,
 * which is what a user would notice.
 */
import { WireClient } from './wire-client.js';

/** A publisher sends its next message at the first beat after its ack: a few hundred messages a second in all. */
const BEAT_MS = 15;

/** A thread to publish in: with subscribers, or without them and with `expect: stored`. */
export interface LoadThread {
  readonly id: string;
  readonly isWatched: boolean;
}

/** An ack; times in milliseconds. */
export interface Acked {
  readonly thread: string;
  readonly mid: string;
  readonly offset: number;
  readonly tookMs: number;
  /** `phase` of the load when it was sent. */
  readonly phase: string;
}

/** The publishers and watchers of a server. */
export class SteadyLoad {
  /** Name that each ack is recorded with. */
  phase = '';
  readonly acks: Acked[] = [];
  /** Replies other than acks, on connections that stayed open. */
  readonly faults: string[] = [];
  /** Messages whose connection ended before they were answered. */
  readonly unanswered: string[] = [];
  readonly threads: readonly LoadThread[];
  readonly #watchers = new Map<string, WireClient>();
  readonly #publishers: WireClient[] = [];
  readonly #waiters = new Set<() => void>();
  readonly #beats = new Set<() => void>();
  #beat: NodeJS.Timeout | null = null;
  #runs: Promise<void>[] = [];
  #sent = 0;

  constructor(threads: readonly LoadThread[]) {
    this.threads = threads;
  }

  /** Connects to a server and starts to publish, or goes on after another server ended. */
  async start(url: string): Promise<void> {
    for (const { id, isWatched } of this.threads) {
      if (!isWatched) continue;
      const watcher = await WireClient.connect(url, `watcher of ${id}`);
      await watcher.subscribe(id);
      // A client that only listens must answer pings, or the server closes its connection.
      watcher.socket.on('message', (data: Buffer) => {
        if (data.includes('"type":"ping"')) watcher.send({ type: 'pong' });
      });
      this.#watchers.set(id, watcher);
    }
    this.#beat = setInterval(() => {
      for (const go of [...this.#beats]) go();
    }, BEAT_MS);
    for (const thread of this.threads) {
      const publisher = await WireClient.connect(url, `publisher of ${thread.id}`);
      this.#publishers.push(publisher);
      this.#runs.push(this.#run(publisher, thread));
    }
  }

  /** Resolves after this many more acks. */
  async more(count: number): Promise<void> {
    const enough = this.acks.length + count;
    while (this.acks.length < enough) {
      if (this.faults.length > 0) throw new Error(this.faults.join('\n'));
      await new Promise<void>((resolve) => {
        this.#waiters.add(resolve);
      });
      this.#waiters.clear();
    }
  }

  /** Stops publishing; resolves when every message is answered. */
  async quiet(): Promise<void> {
    if (this.#beat !== null) clearInterval(this.#beat);
    this.#beat = null;
    for (const go of [...this.#beats]) go();
    await Promise.all(this.#runs);
    this.#runs = [];
  }

  /** Returns the offsets that the latest watcher of a thread received, in order. */
  seen(thread: string): number[] {
    const all = this.#watchers.get(thread)?.all ?? [];
    return all.filter(({ type }) => type === 'message').map(({ offset }) => offset);
  }

  /** Closes the connections. */
  async leave(): Promise<void> {
    await this.quiet();
    const clients = [...this.#publishers.splice(0), ...this.#watchers.values()];
    await Promise.all(clients.map((client) => client.close()));
  }

  /** Returns a percentile of the acks' latency in these phases, in milliseconds. */
  quantile(part: number, ...phases: readonly string[]): number {
    const took = this.acks
      .filter(({ phase }) => phases.includes(phase))
      .map(({ tookMs }) => tookMs);
    took.sort((a, b) => a - b);
    return took[Math.min(took.length - 1, Math.floor(took.length * part))] ?? NaN;
  }

  async #run(client: WireClient, { id: thread, isWatched }: LoadThread): Promise<void> {
    while (this.#beat !== null && client.socket.readyState === client.socket.OPEN) {
      await new Promise<void>((resolve) => {
        const go = (): void => {
          this.#beats.delete(go);
          resolve();
        };
        this.#beats.add(go);
      });
      if (this.#beat !== null) await this.#publish(client, thread, isWatched);
    }
  }

  async #publish(client: WireClient, thread: string, isWatched: boolean): Promise<void> {
    const { phase } = this;
    const mid = `m${String((this.#sent += 1))}`;
    const expected = isWatched ? {} : { expect: 'stored' };
    const at = performance.now();
    const answer = await client
      .ask({ type: 'publish', thread, mid, body: { text: mid }, ...expected })
      .catch(String);
    if (typeof answer !== 'string' && answer.type === 'ack') {
      const tookMs = performance.now() - at;
      this.acks.push({ thread, mid, offset: answer.offset, tookMs, phase });
    } else if (client.socket.readyState === client.socket.OPEN) {
      this.faults.push(JSON.stringify(answer));
    } else {
      this.unanswered.push(mid);
    }
    for (const wake of [...this.#waiters]) wake();
  }
}
