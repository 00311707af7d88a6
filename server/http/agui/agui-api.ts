/**
 * The door for clients of AG-UI. `POST /agui` publishes the user's last message and streams the run that answers it;
 * `GET /agui/{thread}` streams all of a thread. Both stream to a reader of the thread, and cancel nothing when it goes.
 * @see docs/agui.md
 */
import { COME_BACK_MS, NO_MEMORY, type Memory } from '../../../actors/memory/memory.js';
import type { Incidents } from '../../../actors/monitor/incidents.js';
import { isThreadId } from '../../../protocol/frames.js';
import { CallerRights } from '../../access/guard.js';
import type { Identity, UserIdentity } from '../../access/identity.js';
import { publishQuestion } from '../../access/named-messages.js';
import { scopeLack, type ApiAccess } from '../../auth/api-access.js';
import { HISTORY_CHARS_MAX } from '../../chat/message-pages.js';
import type { Author, Published, Publisher } from '../../chat/publisher.js';
import type { RunFeed } from '../../chat/runs/run-feed.js';
import type { RunRequests } from '../../chat/runs/run-requests.js';
import {
  charPoints,
  FRAME_POINTS,
  HISTORY_POINTS,
  SUBSCRIBE_POINTS
} from '../../chat/work/costs.js';
import type { Payer } from '../../chat/work/work-limits.js';
import type { NoteLimited } from '../../limits/limited.js';
import { clientAddress } from '../../transport/client-address.js';
import { askAgain, problem } from '../../transport/problem.js';
import type { HttpReply, HttpStreamReply, TransportRequest } from '../../transport/transport.js';
import { authorOf, nameOrGuest, refusalReply, type AuthorOptions } from '../api/author.js';
import { requestFaults } from '../api/request-faults.js';
import type { HttpCosts } from '../http-costs.js';
import { refusalOf, runRefusal } from '../refusal.js';
import { decodedPart, guarded, type Asked, type Route } from '../route-table.js';
import { NOT_SERVING, publishTurnedAway } from '../serving.js';
import { readInput, type AgUiInput, type AgUiReply } from './agui-input.js';
import type { AgUiStreams } from './agui-stream.js';

/** Options of {@link createAgUiApi}. */
export interface AgUiApiOptions extends AuthorOptions {
  readonly access: ApiAccess;
  /** Returns whether a token has been revoked, or nobody knows. */
  readonly isRevoked: (identity: UserIdentity) => boolean;
  readonly publisher: Publisher;
  readonly requests: RunRequests;
  readonly feed: Pick<RunFeed, 'refusal'>;
  readonly streams: AgUiStreams;
  readonly incidents: Pick<Incidents, 'note'>;
  readonly memory: Pick<Memory, 'refusesPages'>;
  /** Longest request body, in bytes. */
  readonly bodyBytes: number;
  /** Returns whether clients may connect now. */
  readonly isServing: () => boolean;
  readonly costs: HttpCosts;
  /** Notes what a limit has refused. */
  readonly limited: NoteLimited;
}

/** Points of a snapshot, at most, and of what follows it. */
const SNAPSHOT_POINTS = SUBSCRIBE_POINTS + HISTORY_POINTS + charPoints(HISTORY_CHARS_MAX);

/** Returns the routes `/agui` and `/agui/{thread}`. */
export function createAgUiApi(options: AgUiApiOptions): Route[] {
  const { access } = options;
  const failed = requestFaults(options);
  return [
    guarded({
      path: '/agui',
      methods: ['POST'],
      scope: 'publish',
      access: (request, scope) => access.listener(request, scope),
      handler: ({ request }, caller) => new Post(options, request, caller).answer(),
      failed
    }),
    guarded({
      path: '/agui/{thread}',
      methods: ['GET'],
      refuses: (asked) => (isThreadId(threadOf(asked)) ? null : problem('bad_thread')),
      scope: 'read',
      access: (request, scope) => access.listener(request, scope),
      handler: (asked, caller) => follow(options, asked, caller),
      failed
    })
  ];
}

function threadOf({ part }: Asked): string {
  return decodedPart(part('thread')) ?? '';
}

async function follow(
  options: AgUiApiOptions,
  asked: Asked,
  reader: Identity
): Promise<HttpReply | HttpStreamReply> {
  const { request } = asked;
  const { guard, costs, feed, streams } = options;
  const thread = threadOf(asked);
  if (!options.isServing()) return NOT_SERVING;
  const refusal = await guard.decide(reader, 'read', thread);
  if (refusal !== null) return refusalOf(refusal);
  const until = new URLSearchParams(request.query).get('until');
  if (until !== null && until !== 'idle') return problem('bad_frame', 'until must be idle');
  const payer = costs.payer(request, reader);
  const wait = await snapshotRefusal(options, payer);
  if (wait !== null) return wait;
  const wanted = { thread, reader, address: clientAddress(request, options.trustProxy) };
  return (
    feed.refusal(wanted) ??
    streams.reply(wanted, {
      after: null,
      isUntilIdle: until === 'idle',
      charge: charging(options, payer)
    })
  );
}

/** Waits for room for a snapshot. Returns a refusal when the caller has spent its points, or the server has no memory. */
async function snapshotRefusal(
  { costs, memory }: AgUiApiOptions,
  payer: Payer | null
): Promise<HttpReply | null> {
  if (memory.refusesPages()) {
    return askAgain(problem('unavailable', NO_MEMORY), COME_BACK_MS / 1_000);
  }
  const wait = await costs.admit(payer, SNAPSHOT_POINTS);
  if (wait === null) costs.charge(payer, SUBSCRIBE_POINTS);
  return wait;
}

function charging({ costs }: AgUiApiOptions, payer: Payer | null): (points: number) => void {
  return (points) => {
    costs.charge(payer, points);
  };
}

/** One `POST`. */
class Post {
  private readonly options: AgUiApiOptions;
  private readonly request: TransportRequest;
  private readonly caller: Identity;
  private readonly payer: Payer | null;

  constructor(options: AgUiApiOptions, request: TransportRequest, caller: Identity) {
    this.options = options;
    this.request = request;
    this.caller = caller;
    this.payer = options.costs.payer(request, caller);
  }

  async answer(): Promise<HttpReply | HttpStreamReply> {
    const { options, request, caller } = this;
    const { publisher, costs, guard } = options;
    if (!options.isServing()) return publishTurnedAway(publisher);
    const body = await request.body(options.bodyBytes);
    const points = FRAME_POINTS + charPoints(body.length);
    await costs.admit(null, points);
    costs.charge(null, points);
    // A caller can draw out the body until its token has been revoked. Rights are judged anew.
    if (caller.kind === 'user' && options.isRevoked(caller)) return problem('revoked');
    const input = readInput(body);
    if (input === null) return problem('bad_json');
    if (typeof input === 'string') return problem('bad_frame', input);
    const { thread, fields } = input;
    if (!isThreadId(thread)) return problem('bad_thread');
    const query = new URLSearchParams(request.query);
    const from = nameOrGuest(options.access, caller, query.get('from') ?? undefined);
    if (caller.kind === 'backend' && (from ?? '') === '') {
      return problem('bad_frame', 'a backend names the user in the address: ?from=…');
    }
    const author = authorOf(options, request, caller, {
      thread,
      ...(from === undefined ? {} : { from })
    });
    if ('status' in author) return author;
    const lack = caller.kind === 'backend' ? scopeLack(caller, 'read') : null;
    if (lack !== null) return problem('forbidden', `${lack}, since the answer is read`);
    const questions = [
      guard.ask(caller, 'read', thread),
      publishQuestion((action) => guard.ask(caller, action, thread), fields)
    ].filter((question) => question !== null);
    await Promise.all(questions);
    const refusal = guard.refusal(caller, 'write', thread) ?? guard.refusal(caller, 'read', thread);
    if (refusal !== null) return refusalOf(refusal);
    return this.judged(input, author, query.get('agent') ?? undefined);
  }

  /** Answers a caller who may write and read in the thread. */
  private async judged(
    input: AgUiInput,
    author: Author,
    agent: string | undefined
  ): Promise<HttpReply | HttpStreamReply> {
    const { options, request, caller: reader } = this;
    const { thread, replies, message } = input;
    const wanted = { thread, reader, address: clientAddress(request, options.trustProxy) };
    const full = options.feed.refusal(wanted);
    if (full !== null) return full;
    const [reply] = replies;
    if (reply !== undefined) {
      const wait = await snapshotRefusal(options, this.payer);
      if (wait !== null) return wait;
      for (const each of replies) {
        const refused = await this.reply(each, author, thread);
        if (refused !== null) return refused;
      }
      // A new message may come with the refusal to answer.
      const isAnswer = replies.some((each) => 'value' in each);
      if (isAnswer || message === null) return this.stream(input, reply.run, null);
    }
    return this.publish(input, author, agent);
  }

  /** Publishes the message, and streams the run that answers it. */
  private async publish(
    input: AgUiInput,
    author: Author,
    named: string | undefined
  ): Promise<HttpReply | HttpStreamReply> {
    const { requests, publisher, costs } = this.options;
    const { thread, message, fields } = input;
    if (message === null) return problem('bad_frame', '/messages must have one with the role user');
    const agent = fields.agent ?? named;
    if (agent === undefined && requests.told(thread).agent === undefined) {
      return problem('not_found', 'no agent answers in this thread: name one with ?agent=…');
    }
    const { mid, text } = message;
    const body = { json: JSON.stringify({ text }), depth: 1 };
    const traceparent = this.request.header('traceparent') ?? undefined;
    const published = await new Promise<Published>((resolve) => {
      publisher.publish(author, { ...fields, agent, thread, mid, body, traceparent }, resolve);
    });
    if (!published.ok) return refusalReply(published);
    const run = requests.runs.runOf(thread, mid, author.user);
    if (!published.duplicate && run !== null) {
      costs.charge(this.payer, SUBSCRIBE_POINTS);
      return this.stream(input, run, published.offset);
    }
    // A message that steers has no run of its own: the run at work goes on.
    const steers = !published.duplicate && fields.whileRunning === 'steer';
    const atWork = steers ? requests.runs.of(thread)[0]?.run : undefined;
    const wait = await snapshotRefusal(this.options, this.payer);
    return wait ?? this.stream(input, run ?? atWork ?? null, null);
  }

  private stream(input: AgUiInput, run: string | null, after: number | null): HttpStreamReply {
    const { options, request, caller: reader } = this;
    const { thread, runId, message } = input;
    const wanted = { thread, reader, address: clientAddress(request, options.trustProxy) };
    return options.streams.reply(wanted, {
      only: { runId, run, mid: message?.mid ?? null },
      after,
      isUntilIdle: false,
      charge: charging(options, this.payer)
    });
  }

  /** Answers a question, or cancels the run that asks. Returns the reply to one that is refused. */
  private async reply(
    { run, ask, ...given }: AgUiReply,
    { user }: Author,
    thread: string
  ): Promise<HttpReply | null> {
    const { requests } = this.options;
    const { runs } = requests;
    const isCancelled = !('value' in given);
    const rights = new CallerRights(this.options.guard, this.caller);
    const question = requests.question(rights, run);
    if (question !== null) await question;
    const told = runs.of(thread).find((one) => one.run === run);
    const isAsked = told?.ask?.ask === ask;
    // It has been answered, or its time is over: the client may go on.
    if (isCancelled && !isAsked) return null;
    if (told === undefined) return problem('not_found', 'there is no such run in the thread');
    const refusal = requests.refusal(user, rights, run);
    if (refusal !== null) return runRefusal(refusal);
    if (isCancelled) {
      runs.cancel(run, user);
      return null;
    }
    const denied = await runs.answer(run, ask, user, given.value);
    if (denied === null) return null;
    const why = denied === 'bad_frame' ? '/resume: the payload does not fit the schema' : undefined;
    return problem(denied, why);
  }
}
