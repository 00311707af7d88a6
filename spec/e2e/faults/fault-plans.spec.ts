/**
 * The SDK against a real server, through a network that fails in every way that a plan can describe. Whatever fails,
 * each sent message is stored once, and each client sees each stored message once.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { WebSocket } from 'ws';
import {
  connect,
  RollcallError,
  type Ack,
  type Client,
  type ClientClock,
  type MessageFrame
} from '../../../client/sdk/client.js';
import type { ThreadItem } from '../../../client/sdk/thread/message-stream.js';
import type { Thread } from '../../../client/sdk/thread/thread.js';
import {
  FAULT_NAMES,
  faultPlan,
  type ClientPlan,
  type FaultPlan
} from '../../client/sdk/fault-plan.js';
import { FaultProxy } from '../../client/sdk/fault-proxy.js';
import { PacedClock } from '../../client/sdk/paced-clock.js';
import { startServer, type ServerProcess } from '../servers/server-process.js';
import { WireClient, type Frame } from '../wire/wire-client.js';

/** Number of lanes that run at the same time, and number of plans that each lane runs one after the other. */
const LANES = 25;
const PLANS_PER_LANE = 8;

/**
 * Time after which a plan whose clients do not finish is given up, in milliseconds of the clients' virtual time. That
 * time passes no faster than the server answers: the bound is 20 s on an idle machine and longer on a busy one.
 */
const PATIENCE_MS = 2_000_000;

/** How long a smaller failing plan is searched for after a failure, in milliseconds. */
const SHRINK_MS = 60_000;

/** `FAULT_SEED=… npx mocha spec/e2e/faults/fault-plans.spec.ts` repeats the plans of an earlier run. */
const SEED = Number(process.env['FAULT_SEED'] ?? Date.now() % 1_000_000_000);

/** Counts of all plans together. */
class Tally {
  readonly faults = new Map<string, number>();
  plans = 0;
  messages = 0;
  reconnects = 0;
  duplicateAcks = 0;

  readonly fault = (name: string): void => {
    this.faults.set(name, (this.faults.get(name) ?? 0) + 1);
  };
}

/** Returns the stored fields of a message, the same from the SDK and from the wire. */
function stored({ offset, mid, from, at, kind, body }: MessageFrame | Frame) {
  return { offset, mid, from: from.user, at, kind, body };
}

/** Returns the number in a body: 1 for the client's first message. */
function countIn(body: unknown): unknown {
  return typeof body === 'object' && body !== null && 'count' in body ? body.count : null;
}

/** One SDK client behind its own proxy, with everything that it received. */
class Player {
  readonly user: string;
  readonly client: Client;
  readonly thread: Thread;
  readonly messages: MessageFrame[] = [];
  readonly surprises: string[] = [];
  readonly acks: { readonly body: object; readonly ack: Ack }[] = [];
  /** The position at which the subscription began, from the first answer to `subscribe`. */
  startsAfter: number | null = null;
  connections = 0;
  private readonly plan: ClientPlan;
  private readonly proxy: FaultProxy;
  private readonly items: Promise<ThreadItem[]>;
  private readonly waiters = new Set<() => void>();

  constructor(
    user: string,
    threadId: string,
    plan: ClientPlan,
    proxy: FaultProxy,
    clock: ClientClock
  ) {
    this.user = user;
    this.plan = plan;
    this.proxy = proxy;
    this.client = connect(proxy.url, {
      WebSocket,
      user,
      clock,
      random: () => plan.random,
      sendWindow: plan.window
    });
    this.thread = this.client.thread(threadId, { since: plan.since });
    this.items = this.read();
    this.client.on('state', ({ name }) => {
      if (name === 'connected') this.connections += 1;
    });
    this.client.on('error', ({ code, message }) => this.surprises.push(`${code}: ${message}`));
    this.thread.on('gap', (gap) => this.surprises.push(`gap ${JSON.stringify(gap)}`));
    this.thread.on('refused', ({ code }) => this.surprises.push(`refused: ${code}`));
    this.thread.on('subscribed', ({ offset, replay }) => {
      this.startsAfter ??= offset - replay;
      this.wake();
    });
    this.thread.on('message', (message) => {
      this.messages.push(message);
      this.wake();
    });
  }

  /** Sends all bursts, and resolves once all messages are acknowledged. */
  async play(): Promise<void> {
    let count = 0;
    for (const burst of this.plan.bursts) {
      const bodies = Array.from({ length: burst }, () => ({ by: this.user, count: ++count }));
      await Promise.all(
        bodies.map(async (body) => {
          const ack = await this.thread.send(body);
          this.acks.push({ body, ack });
        })
      );
    }
  }

  heal(): void {
    this.proxy.heal();
  }

  /** Resolves once the client has every message up to an offset. */
  async has(offset: number): Promise<void> {
    while (!this.thread.joined || (this.thread.position?.offset ?? 0) < offset) {
      await new Promise<void>((resolve) => this.waiters.add(resolve));
    }
  }

  /** Makes a round trip, again if it fails: when it resolves, everything that the server sent before has arrived. */
  async settle(): Promise<void> {
    for (let isAnswered = false; !isAnswered;) {
      isAnswered = await this.client.threads({ limit: 1 }).then(
        () => true,
        (error: unknown) => {
          if (!(error instanceof RollcallError && error.code === 'timeout')) throw error;
          return false;
        }
      );
    }
  }

  /** Leaves the thread, and returns everything that its reader got. */
  async leave(): Promise<ThreadItem[]> {
    this.thread.leave();
    return await this.items;
  }

  async end(): Promise<void> {
    this.client.close();
    await this.proxy.stop();
  }

  /** Describes the client's state, for the error of a plan that does not finish. */
  describe(): string {
    const { state, pending } = this.client;
    const { joined, position } = this.thread;
    return JSON.stringify({ user: this.user, state, pending, joined, position });
  }

  private async read(): Promise<ThreadItem[]> {
    const items: ThreadItem[] = [];
    // The reader throws when a client is given up; the reason for that is reported elsewhere.
    try {
      for await (const item of this.thread) items.push(item);
    } catch {
      return items;
    }
    return items;
  }

  private wake(): void {
    for (const waiter of this.waiters) waiter();
    this.waiters.clear();
  }
}

/** Rejects when the work takes too long; the error has the state of every client. */
async function inTime(
  work: Promise<void>,
  players: readonly Player[],
  clock: ClientClock
): Promise<void> {
  let cancel = (): void => undefined;
  const late = new Promise<never>((_resolve, reject) => {
    cancel = clock.after(PATIENCE_MS, () => {
      const where = players.map((player) => player.describe()).join('\n');
      reject(new Error(`the plan did not come to its end:\n${where}`));
    });
  });
  try {
    await Promise.race([work, late]);
  } finally {
    cancel();
  }
}

describe('the SDK behind a network that fails', function () {
  this.timeout(180_000);
  let server: ServerProcess;
  let eve: WireClient;
  let clock: PacedClock;
  let threads = 0;
  const tally = new Tally();
  let lanes: PromiseSettledResult<void>[];

  /** Publishes as another user, on a connection without faults. */
  const say = async (threadId: string, mid: string): Promise<number> => {
    const ack = await eve.ask({ type: 'publish', thread: threadId, mid, body: { mid } });
    if (ack.type !== 'ack') throw new Error(JSON.stringify(ack));
    return ack.offset;
  };

  /** Runs a plan to its end, and compares what each client saw with what the server has stored. */
  const play = async (plan: FaultPlan): Promise<void> => {
    const threadId = `plan.${String(++threads)}`;
    const said: string[] = [];
    const sayNext = (): Promise<number> => {
      said.push(`${threadId}-${String(said.length + 1)}`);
      return say(threadId, said.at(-1)!);
    };
    for (let i = 0; i < plan.before; i++) await sayNext();
    const players: Player[] = [];
    for (const [i, one] of plan.clients.entries()) {
      const proxy = await FaultProxy.start(server.url, one.connections, clock, tally.fault);
      players.push(new Player(['ada', 'bob'][i]!, threadId, one, proxy, clock));
    }
    try {
      await inTime(playOut(plan, threadId, players, sayNext, said), players, clock);
    } finally {
      for (const player of players) await player.end();
    }
  };

  const playOut = async (
    plan: FaultPlan,
    threadId: string,
    players: readonly Player[],
    sayNext: () => Promise<number>,
    said: readonly string[]
  ): Promise<void> => {
    const sayings: Promise<number>[] = [];
    const total = plan.before + plan.meanwhile;
    // At these moments a client misses messages most easily: after it left, while it reconnects, and just after that.
    for (const { client } of players) {
      client.on('state', () => {
        if (said.length < total) sayings.push(sayNext());
      });
    }
    await Promise.all(players.map((player) => player.play()));
    while (said.length < total) {
      const offset = await sayNext();
      await Promise.all(players.map((player) => player.has(offset)));
    }
    await Promise.all(sayings);
    for (const player of players) player.heal();
    const last = await sayNext();
    await Promise.all(players.map((player) => player.has(last)));
    await Promise.all(players.map((player) => player.settle()));

    const history = await eve.ask({ type: 'history', thread: threadId, limit: 500 });
    const log = (history['messages'] as Frame[]).map(stored);
    const sent = players.flatMap(({ acks }) => acks);
    expect(history['more']).to.equal(false);
    expect(log.map(({ offset }) => offset)).to.eql(log.map((_, i) => i + 1));
    expect(log.map(({ mid }) => mid)).to.have.members([...said, ...sent.map(({ ack }) => ack.mid)]);
    for (const { body, ack } of sent) {
      expect(log[ack.offset - 1]).to.deep.include({ mid: ack.mid, body });
    }
    for (const [i, player] of players.entries()) {
      const { user, messages, acks, startsAfter, surprises, client, thread } = player;
      const own = log.filter(({ from }) => from === user);
      expect(
        own.map(({ body }) => countIn(body)),
        `order of ${user}`
      ).to.eql(acks.map((_, i) => i + 1));
      expect(client.pending).to.equal(0);
      expect(thread.position?.offset).to.equal(last);
      const items = await player.leave();
      expect(surprises, `told ${user}`).to.eql([]);
      expect(messages.map(stored), `seen by ${user}`).to.eql(log.slice(startsAfter ?? 0));
      if (plan.clients[i]!.since === 'start') expect(startsAfter).to.equal(0);
      expect(items, `read by ${user}`).to.eql(
        messages.map((message) => ({ type: 'message', message }))
      );
      tally.reconnects += player.connections - 1;
      tally.duplicateAcks += acks.filter(({ ack }) => ack.duplicate).length;
    }
    tally.messages += log.length;
    tally.plans += 1;
  };

  before(async () => {
    server = await startServer({
      env: {
        DURABILITY: 'process',
        DELIVERY_GRACE_MS: '600000',
        LIMIT_PUBLISH_PER_SECOND: '0',
        LIMIT_CONNECTIONS_PER_USER: '0',
        LIMIT_CONNECTIONS_PER_ADDRESS: '0'
      }
    });
    eve = await WireClient.connect(server.url, 'eve');
    clock = new PacedClock(() => eve.settle());
    lanes = await Promise.allSettled(
      Array.from({ length: LANES }, (_, lane) =>
        fc.assert(fc.asyncProperty(faultPlan, play), {
          seed: SEED + lane,
          numRuns: PLANS_PER_LANE,
          interruptAfterTimeLimit: SHRINK_MS
        })
      )
    );
  });
  after(async () => {
    await (clock as PacedClock | undefined)?.stop();
    await (server as ServerProcess | undefined)?.stop();
  });

  it(`stores what is sent once and sees what is stored once, in ${LANES * PLANS_PER_LANE} plans`, () => {
    for (const lane of lanes) if (lane.status === 'rejected') throw lane.reason;
    expect(tally.plans).to.equal(LANES * PLANS_PER_LANE);
  });

  it('did go wrong, in every way that there is, and hid it', () => {
    expect([...tally.faults.keys()]).to.have.members(FAULT_NAMES);
    // Half of the lowest counts of many runs: chance does not explain fewer.
    expect(tally.faults.get('ack lost')).to.be.at.least(30);
    expect(tally.duplicateAcks).to.be.at.least(80);
    expect(tally.reconnects).to.be.at.least(150);
  });
});
