/**
 * A fake server for specs of the client: `rollcall.v1` with threads in memory, and methods that cause faults.
 * It has no sockets itself; `memory-socket.ts` and `fake-server.ts` make its connections.
 */
import { isRecord } from '../../../client/sdk/json.js';
import { runOf } from '../../../client/sdk/thread/runs/run.js';
import type { ClientFrame, MessageFrame, ServerFrame } from '../../../protocol/frames.js';

/** The server's end of one connection. */
export interface FakePeer {
  send(text: string): void;
  close(code: number, reason: string): void;
}

type ToldRun = ServerFrame<'subscribed'>['runs'][number];

interface FakeThread {
  epoch: string;
  /** Oldest offset kept. */
  first: number;
  /** Oldest undelivered offset; null when everything is delivered. */
  heldFrom: number | null;
  readonly log: MessageFrame[];
  owner: string | null;
  agent: string | null;
  readonly members: Map<string, 'member' | 'reader'>;
  /** Rights named in every reply; undefined to name none, as some servers do. */
  may: ServerFrame<'rights'>['may'] | undefined;
  /** Runs of agents that have not ended. */
  readonly runs: Map<string, ToldRun>;
}

/** One connection, as the fake server sees it. */
export class FakeConnection {
  readonly peer: FakePeer;
  readonly received: ClientFrame[] = [];
  readonly threads = new Set<string>();
  user: string | null = null;

  constructor(peer: FakePeer) {
    this.peer = peer;
  }

  send(...frames: ServerFrame[]): void {
    this.peer.send(frames.map((frame) => JSON.stringify(frame)).join('\n'));
  }
}

function isFrame(value: unknown): value is ClientFrame {
  return isRecord(value) && typeof value['type'] === 'string';
}

export class FakeRollcall {
  readonly connections = new Set<FakeConnection>();
  /** All frames received, of all connections. */
  readonly received: ClientFrame[] = [];
  /** Number of the next upgrades to refuse with 503. */
  refusals = 0;
  /** Token that connect must carry; null = authentication is off. */
  token: string | null = null;
  /** User of the token. */
  tokenUser = 'token-user';
  /** Called before the server handles a frame; returns true when the spec has handled it instead. */
  intercept: (frame: ClientFrame, connection: FakeConnection) => boolean = () => false;
  /** Time at which tokens expire, by the server's clock; null for never. */
  expiresAt: number | null = null;
  /** Threads that nobody may read. */
  readonly forbidden = new Set<string>();
  /** Agents of the server. */
  agents: { name: string; description: string }[] = [];
  pingMs = 25_000;
  frameBytes = 65_536;
  reconnect = { firstJitterMs: 5_000, minMs: 500, maxMs: 20_000 };
  readonly now: () => number;
  readonly #threads = new Map<string, FakeThread>();
  readonly #marks = new Map<string, number>();

  constructor(now: () => number = () => Date.now()) {
    this.now = now;
  }

  /** Adds a connection. */
  accept(peer: FakePeer): FakeConnection {
    const connection = new FakeConnection(peer);
    this.connections.add(connection);
    return connection;
  }

  /** Removes a closed connection. */
  gone(connection: FakeConnection): void {
    if (!this.connections.delete(connection)) return;
    for (const thread of connection.threads) {
      this.#presence(thread, connection, 'leave');
    }
  }

  /** Closes every connection with this code. */
  closeAll(code: number, reason: string): void {
    for (const connection of [...this.connections]) {
      connection.peer.close(code, reason);
      this.gone(connection);
    }
  }

  /** Returns a thread; creates it when it does not exist. */
  thread(id: string): FakeThread {
    const thread = this.#threads.get(id) ?? {
      epoch: 'x1',
      first: 1,
      heldFrom: null,
      log: [],
      owner: null,
      agent: null,
      members: new Map<string, 'member' | 'reader'>(),
      may: undefined,
      runs: new Map<string, ToldRun>()
    };
    this.#threads.set(id, thread);
    return thread;
  }

  /** Returns all frames received of a type. */
  receivedOf<T extends ClientFrame['type']>(type: T): Extract<ClientFrame, { type: T }>[] {
    const isOf = (frame: ClientFrame): frame is Extract<ClientFrame, { type: T }> =>
      frame.type === type;
    return this.received.filter(isOf);
  }

  /** Appends a message of a user and sends it to all subscribers. */
  say(
    threadId: string,
    user: string,
    body: unknown,
    mid?: string,
    at?: number,
    kind = 'user_message'
  ): MessageFrame {
    const thread = this.thread(threadId);
    const offset = thread.log.length + 1;
    const message: MessageFrame = {
      type: 'message',
      thread: threadId,
      offset,
      mid: mid ?? `${user}-${String(offset)}`,
      from: { user },
      at: at ?? this.now(),
      kind,
      body
    };
    thread.log.push(message);
    this.#tell(threadId, message);
    return message;
  }

  /** Plays recorded frames of agent runs: appends messages to the log, and sends chunks to subscribers only. */
  play(frames: readonly (MessageFrame | ServerFrame<'chunk'>)[]): void {
    for (const frame of frames) {
      const { runs } = this.thread(frame.thread);
      if (frame.type === 'chunk') {
        const run = runs.get(frame.run);
        if (run !== undefined) {
          const text = run.text.slice(0, frame.at) + frame.text;
          runs.set(frame.run, { ...run, text, at: text.length });
        }
        this.#tell(frame.thread, frame);
        continue;
      }
      const run = runOf(frame);
      if (run !== null) this.#told(runs, run, frame);
      this.say(frame.thread, frame.from.user, frame.body, frame.mid, frame.at, frame.kind);
    }
  }

  /** What a new subscriber is told of a run after an entry. */
  #told(runs: Map<string, ToldRun>, run: string, { kind, body }: MessageFrame): void {
    const field = (name: string): unknown => (isRecord(body) ? body[name] : undefined);
    const asked = field('inReplyTo');
    const mid = typeof asked === 'string' ? asked : '';
    const { ask: _, ...known } = runs.get(run) ?? { run, state: '', mid, text: '', at: 0 };
    if (kind === 'agent_queued') runs.set(run, { ...known, state: 'queued' });
    else if (kind === 'agent_started') runs.set(run, { ...known, state: 'streaming', mid });
    else if (kind === 'agent_answered') runs.set(run, { ...known, state: 'streaming' });
    else if (kind === 'agent_waiting') {
      const ask = String(field('ask'));
      const schema = field('schema');
      const prompt = String(field('prompt'));
      const question = { ask, prompt, schema: isRecord(schema) ? schema : null, expiresAt: 0 };
      runs.set(run, { ...known, state: 'waiting', ask: question });
    } else if (/^agent_(?:completed|failed|cancelled)$/.test(kind)) runs.delete(run);
  }

  /** Gives a user a role or removes it, and informs all subscribers. */
  setMember(
    threadId: string,
    user: string,
    role: 'member' | 'reader' | null,
    by: string | null
  ): void {
    const { members } = this.thread(threadId);
    if (role === null) members.delete(user);
    else members.set(user, role);
    this.#tell(threadId, { type: 'member', thread: threadId, user, role, by });
  }

  /** Sets everybody's rights in a thread, and informs all subscribers. */
  setMay(threadId: string, ...may: ServerFrame<'rights'>['may']): void {
    this.thread(threadId).may = may;
    this.#tell(threadId, { type: 'rights', thread: threadId, may });
  }

  /** Gives a thread another owner, and informs all subscribers. */
  setOwner(threadId: string, owner: string): void {
    this.thread(threadId).owner = owner;
    this.#tell(threadId, { type: 'owner', thread: threadId, owner, by: null });
  }

  /** Lets an agent answer in a thread, or none, and informs all subscribers. */
  setAgent(threadId: string, agent: string | null, by: string | null): void {
    this.thread(threadId).agent = agent;
    this.#tell(threadId, { type: 'agent', thread: threadId, agent, by });
  }

  /** Revokes the right to read a thread: its subscriptions end, and new ones are refused. */
  forbid(threadId: string): void {
    this.forbidden.add(threadId);
    this.#tell(threadId, { type: 'unsubscribed', thread: threadId, code: 'forbidden' });
    for (const connection of this.connections) connection.threads.delete(threadId);
  }

  /** Handles the frames that a client sent, one a line. */
  take(connection: FakeConnection, text: string): void {
    for (const line of text.split('\n')) {
      const frame: unknown = JSON.parse(line);
      if (!isFrame(frame)) continue;
      connection.received.push(frame);
      this.received.push(frame);
      if (!this.intercept(frame, connection)) this.#handle(frame, connection);
    }
  }

  /** Answers a request with an error. */
  refuse(
    frame: ClientFrame,
    connection: FakeConnection,
    error: { code: string; retry: boolean; afterMs?: number }
  ): void {
    connection.send({
      type: 'error',
      ...(frame.id === undefined ? {} : { id: frame.id }),
      message: `refused by the spec: ${error.code}`,
      ...error
    });
  }

  #tell(thread: string, frame: ServerFrame): void {
    for (const connection of this.connections) {
      if (connection.threads.has(thread)) connection.send(frame);
    }
  }

  #handle(frame: ClientFrame, connection: FakeConnection): void {
    const id = frame.id === undefined ? {} : { id: frame.id };
    if (frame.type === 'connect') {
      if (this.token !== null && frame.token !== this.token) {
        this.refuse(frame, connection, { code: 'unauthorized', retry: false });
        connection.peer.close(3500, 'bad token');
        return;
      }
      connection.user = frame.user ?? this.tokenUser;
      connection.send({
        type: 'connected',
        ...id,
        connection: 'c1',
        user: connection.user,
        node: 'n1',
        time: this.now(),
        ping: this.pingMs,
        limits: { frameBytes: this.frameBytes, subscriptions: 128, publishPerSecond: 50 },
        reconnect: this.reconnect,
        ...(this.agents.length === 0 ? {} : { agents: this.agents }),
        ...(this.expiresAt === null ? {} : { expiresAt: this.expiresAt })
      });
    } else if ('thread' in frame && this.forbidden.has(frame.thread ?? '')) {
      this.refuse(frame, connection, { code: 'forbidden', retry: false });
    } else if (frame.type === 'members') {
      const { owner, members, may } = this.thread(frame.thread);
      const list = [...members].map(([user, role]) => ({ user, role }));
      const told = may === undefined ? {} : { may };
      const { thread } = frame;
      connection.send({ type: 'members', ...id, thread, owner, members: list, ...told });
    } else if (frame.type === 'member') {
      const { thread, user, role } = frame;
      const { owner, may } = this.thread(thread);
      if (!(may?.includes('manage') ?? owner === connection.user)) {
        this.refuse(frame, connection, { code: 'forbidden', retry: false });
        return;
      }
      this.setMember(thread, user, role, connection.user);
      connection.send({ type: 'member', ...id, thread, user, role, by: connection.user });
    } else if (frame.type === 'subscribe') this.#subscribe(frame, connection);
    else if (frame.type === 'unsubscribe') {
      connection.threads.delete(frame.thread);
      this.#presence(frame.thread, connection, 'leave');
      connection.send({ type: 'unsubscribed', ...id, thread: frame.thread });
    } else if (frame.type === 'publish') this.#publish(frame, connection);
    else if (frame.type === 'history') {
      const thread = this.thread(frame.thread);
      const older = thread.log.filter(
        ({ offset }) => offset >= thread.first && offset < (frame.before ?? Infinity)
      );
      const messages = older.slice(-(frame.limit ?? 50));
      const more = messages.length < older.length;
      connection.send({
        type: 'history',
        ...id,
        thread: frame.thread,
        epoch: thread.epoch,
        messages,
        more
      });
    } else if (frame.type === 'threads') {
      const threads = [...this.#threads]
        .filter(([, { log }]) => log.some(({ from }) => from.user === connection.user))
        .map(([thread, { epoch, log }]) => {
          const last = log.at(-1) ?? null;
          const read = this.#marks.get(`${thread} ${connection.user ?? ''}`) ?? 0;
          return { thread, epoch, offset: log.length, read, at: last?.at ?? 0, last };
        })
        .sort((one, other) => other.at - one.at);
      connection.send({ type: 'threads', ...id, more: false, threads });
    } else if (frame.type === 'typing') {
      for (const other of this.connections) {
        if (other !== connection && other.threads.has(frame.thread)) {
          const { thread, on } = frame;
          other.send({ type: 'typing', thread, user: connection.user ?? '', on, forMs: 6_000 });
        }
      }
    } else if (frame.type === 'mark') {
      const { thread, read } = frame;
      this.#marks.set(`${thread} ${connection.user ?? ''}`, read);
      for (const other of this.connections) {
        if (other.threads.has(thread)) {
          other.send({ type: 'mark', thread, user: connection.user ?? '', read });
        }
      }
    } else if (frame.type === 'cancel') {
      const known = [...this.#threads.values()].some(({ runs }) => runs.has(frame.run ?? ''));
      if (known) connection.send({ type: 'cancelling', ...id, run: frame.run ?? '' });
      else this.refuse(frame, connection, { code: 'not_found', retry: false });
    } else if (frame.type === 'ping') connection.send({ type: 'pong', ...id, time: this.now() });
  }

  #subscribe(frame: ClientFrame<'subscribe'>, connection: FakeConnection): void {
    const thread = this.thread(frame.thread);
    const since = frame.since ?? 'live';
    const head = thread.log.length;
    const sameEpoch = typeof since === 'string' || since.epoch === thread.epoch;
    let after = thread.heldFrom === null ? head : thread.heldFrom - 1;
    if (since === 'start') after = 0;
    else if (since !== 'live') after = sameEpoch ? since.offset : 0;
    const trimmed = typeof since !== 'string' && sameEpoch && after + 1 < thread.first;
    let gap: ServerFrame<'subscribed'>['gap'] = null;
    if (trimmed) gap = { from: after + 1, to: thread.first - 1, reason: 'trimmed' };
    else if (!sameEpoch) gap = { from: 1, to: since.offset, reason: 'epoch' };
    const replay = thread.log
      .slice(Math.max(after, thread.first - 1))
      .map((message) => ({ ...message, replay: true }));
    const others = [...this.connections].filter((other) => other.threads.has(frame.thread));
    const present = [...new Set([...others, connection].map(({ user }) => user ?? ''))].sort();
    connection.send({
      type: 'subscribed',
      ...(frame.id === undefined ? {} : { id: frame.id }),
      thread: frame.thread,
      epoch: thread.epoch,
      offset: head,
      recovered: gap === null,
      replay: replay.length,
      gap,
      runs: [...thread.runs.values()],
      ...(thread.agent === null ? {} : { agent: thread.agent }),
      present,
      ...(thread.may === undefined ? {} : { may: thread.may }),
      marks: [...this.#marks]
        .filter(([key]) => key.startsWith(`${frame.thread} `))
        .map(([key, read]) => ({ user: key.slice(frame.thread.length + 1), read }))
    });
    for (const message of replay) connection.send(message);
    connection.send({ type: 'caught_up', thread: frame.thread, offset: head });
    connection.threads.add(frame.thread);
    this.#presence(frame.thread, connection, 'join');
  }

  #publish(frame: ClientFrame<'publish'>, connection: FakeConnection): void {
    const { log, epoch } = this.thread(frame.thread);
    const known = log.find(({ mid }) => mid === frame.mid);
    const message = known ?? this.say(frame.thread, connection.user ?? '', frame.body, frame.mid);
    connection.send({
      type: 'ack',
      ...(frame.id === undefined ? {} : { id: frame.id }),
      thread: frame.thread,
      mid: frame.mid,
      offset: message.offset,
      epoch,
      at: message.at,
      duplicate: known !== undefined,
      durable: 'disk'
    });
  }

  #presence(thread: string, who: FakeConnection, change: 'join' | 'leave'): void {
    for (const other of this.connections) {
      if (other === who || !other.threads.has(thread)) continue;
      other.send({ type: 'presence', thread, [change]: [who.user ?? ''] });
    }
  }
}
