/**
 * What clients of the AI SDK may ask for, whatever the door: begin a run by a message, answer its question, read its
 * answer again, and stop it. Rights and limits are those of the chat's own doors.
 */
import { readPast } from '../../actors/log/read-past.js';
import type { AiVersion } from '../../protocol/ai/ai-chunk.js';
import { isThreadId } from '../../protocol/frames.js';
import { parseMessageFrame } from '../../protocol/message-frame.js';
import { CallerRights } from '../access/guard.js';
import type { Identity } from '../access/identity.js';
import { publishQuestion } from '../access/named-messages.js';
import type { ThreadAgents } from '../../actors/agents/thread-agents.js';
import { scopeLack, type ApiAccess } from '../auth/api-access.js';
import type { Author, Published, Publisher } from '../chat/publisher.js';
import type { RunFeed } from '../chat/runs/run-feed.js';
import { runEntryOf, type RunReaderPorts } from '../chat/runs/run-reader.js';
import type { RunRequests } from '../chat/runs/run-requests.js';
import { charPoints, FRAME_POINTS, SUBSCRIBE_POINTS } from '../chat/work/costs.js';
import { authorOf, nameOrGuest, refusalReply, type AuthorOptions } from '../http/api/author.js';
import type { HttpCosts } from '../http/http-costs.js';
import { refusalOf, runRefusal } from '../http/refusal.js';
import { NOT_SERVING, publishTurnedAway } from '../http/serving.js';
import type { NoteLimited } from '../limits/limited.js';
import { clientAddress } from '../transport/client-address.js';
import { problem } from '../transport/problem.js';
import type { HttpReply, TransportRequest } from '../transport/transport.js';
import { AiAnswer, type AnswerPeer } from './ai-answer.js';
import { regeneration } from './ai-again.js';
import { readAiRequest, type AiReply, type AiSend } from './ai-request.js';

/** Longest request, in bytes: it holds the whole conversation, of which only the last message is taken. */
export const AI_BODY_BYTES = 1_048_576;

/** Entries behind a message among which its run is looked for, when the message is sent again. */
const LOOKED_AT = 1_024;
const LOOKED_AT_CHARS = 1_048_576;

/** Options of {@link AiDoor}. */
export interface AiDoorOptions extends AuthorOptions {
  readonly access: Pick<ApiAccess, 'isOpen'>;
  readonly publisher: Publisher;
  readonly requests: RunRequests;
  readonly threadAgents: Pick<ThreadAgents, 'of'>;
  readonly feed: RunFeed;
  readonly ports: RunReaderPorts;
  readonly costs: HttpCosts;
  /** Longest body of a message, in bytes. */
  readonly messageBytes: number;
  /** Returns whether clients may connect now. */
  readonly isServing: () => boolean;
  /** Notes what a limit has refused. */
  readonly limited: NoteLimited;
}

/** Who asks, and with which version of the package `ai`. */
export interface AiCaller {
  readonly request: TransportRequest;
  readonly identity: Identity;
  readonly version: AiVersion;
}

/** An answer to read, or the refusal. */
export type AiOutcome = AiAnswer | HttpReply;

/** Returns whether an outcome is a refusal. */
export function isRefusal(outcome: AiOutcome): outcome is HttpReply {
  return 'status' in outcome;
}

const NO_AGENT =
  'no agent answers in this thread: name one as "agent" in the body of the request, or by PUT /api/threads/{thread}/agent';

/** The door. */
export class AiDoor {
  private readonly options: AiDoorOptions;

  constructor(options: AiDoorOptions) {
    this.options = options;
  }

  /** Begins a run by the last message of a request, or answers a question. @param text the request as it came */
  async send(caller: AiCaller, value: unknown, chars: number): Promise<AiOutcome> {
    const { isServing, publisher, costs } = this.options;
    if (!isServing()) return publishTurnedAway(publisher);
    const points = FRAME_POINTS + charPoints(chars);
    await costs.admit(null, points);
    costs.charge(null, points);
    const asked = readAiRequest(value);
    if (typeof asked === 'string') return problem('bad_frame', asked);
    if (!isThreadId(asked.thread)) return problem('bad_thread');
    const refusal = await this.refusal(caller, asked.thread, 'write');
    if (refusal !== null) return refusal;
    const author = this.authorOf(caller, asked);
    if ('status' in author) return author;
    return asked.type === 'send'
      ? this.publish(
          caller,
          author,
          asked.again === undefined ? asked : regeneration(this.options.ports, asked)
        )
      : this.reply(caller, author, asked);
  }

  /** Returns the answer of the run at work from its beginning; null when there is none. */
  async resume(caller: AiCaller, thread: string): Promise<AiOutcome | null> {
    if (!isThreadId(thread)) return problem('bad_thread');
    if (!this.options.isServing()) return NOT_SERVING;
    const refusal = await this.refusal(caller, thread, 'read');
    if (refusal !== null) return refusal;
    const [run] = this.options.ports.runs.of(thread);
    return run === undefined ? null : this.answer(caller, thread, run.run);
  }

  /**
   * Cancels a run: that of a message, or the first of the thread that the caller may cancel. Returns its id, null when
   * there is none, or the refusal.
   */
  async stop(
    { request, identity }: Pick<AiCaller, 'request' | 'identity'>,
    thread: string,
    named: Pick<AiSend, 'from'> & { readonly run?: string; readonly mid?: string }
  ): Promise<{ readonly run: string | null } | HttpReply> {
    if (!isThreadId(thread)) return problem('bad_thread');
    const { requests, ports } = this.options;
    const { runs } = requests;
    const author = this.authorOf({ request, identity }, { ...named, thread });
    if ('status' in author) return author;
    const rights = new CallerRights(this.options.guard, identity);
    for (const right of ['read', 'write', 'manage'] as const) await rights.ask(right, thread);
    const forbidden = rights.refusal('read', thread) ?? rights.refusal('write', thread);
    if (forbidden !== null) return refusalOf(forbidden);
    const { user } = author;
    let refused: HttpReply | null = null;
    for (const { run, mid } of ports.runs.of(thread)) {
      if (named.run !== undefined && named.run !== run) continue;
      if (named.mid !== undefined && named.mid !== mid) continue;
      const refusal = requests.refusal(user, rights, run);
      if (refusal === null) {
        runs.cancel(run, user);
        return { run };
      }
      refused ??= runRefusal(refusal);
    }
    if (refused !== null) return refused;
    // Its message may be on its way.
    if (named.mid !== undefined) runs.cancelOf(thread, named.mid, user);
    return { run: null };
  }

  /** Follows an answer. */
  open(answer: AiAnswer, caller: AiCaller, peer: AnswerPeer): void {
    answer.open(this.options.feed, this.streamOf(caller, answer.thread), peer);
  }

  private async refusal(
    caller: AiCaller,
    thread: string,
    right: 'read' | 'write'
  ): Promise<HttpReply | null> {
    const { guard, costs, feed } = this.options;
    const { identity, request } = caller;
    // Whoever writes gets the answer to read, too.
    for (const needed of ['read', right] as const) {
      const forbidden = await guard.decide(identity, needed, thread);
      if (forbidden !== null) return refusalOf(forbidden);
    }
    const payer = costs.payer(request, identity);
    const wait = await costs.admit(payer, SUBSCRIBE_POINTS);
    if (wait !== null) return wait;
    costs.charge(payer, SUBSCRIBE_POINTS);
    return feed.refusal(this.streamOf(caller, thread));
  }

  private streamOf({ request, identity }: AiCaller, thread: string) {
    const address = clientAddress(request, this.options.trustProxy);
    return { thread, reader: identity, address };
  }

  private authorOf(
    { request, identity }: Pick<AiCaller, 'request' | 'identity'>,
    { thread, from }: Pick<AiSend, 'thread' | 'from'>
  ): Author | HttpReply {
    const name = nameOrGuest(this.options.access, identity, from);
    if (name === undefined && identity.kind === 'backend') {
      return problem('bad_frame', 'a backend says as "from" who the user is');
    }
    const lack = identity.kind === 'backend' ? scopeLack(identity, 'read') : null;
    if (lack !== null) return problem('forbidden', lack);
    return authorOf(this.options, request, identity, {
      thread,
      ...(name === undefined ? {} : { from: name })
    });
  }

  private async publish(caller: AiCaller, author: Author, asked: AiSend): Promise<AiOutcome> {
    const { publisher, guard, requests, threadAgents, messageBytes, limited } = this.options;
    const { thread, mid, agent } = asked;
    if (Buffer.byteLength(asked.body.json) > messageBytes) {
      limited('frame_bytes');
      return problem('too_large', `a message is at most ${String(messageBytes)} bytes`);
    }
    const answering = agent ?? threadAgents.of(thread);
    if (answering === null || !requests.runs.hasAgent(answering)) {
      return problem('not_found', agent === undefined ? NO_AGENT : `there is no agent ${agent}`);
    }
    const question = publishQuestion((action) => guard.ask(caller.identity, action, thread), asked);
    if (question !== null) await question;
    const { from: _, ...fields } = asked;
    const traceparent = caller.request.header('traceparent') ?? undefined;
    const published = await new Promise<Published>((resolve) => {
      // Its reader is the agent, so nobody else has to get it.
      publisher.publish(author, { ...fields, expect: 'stored', traceparent }, resolve);
    });
    if (!published.ok) return refusalReply(published);
    const run = this.runOf(thread, mid, author.user, published);
    return run === null
      ? problem('not_found', 'the message is stored, but its run is not known any more')
      : this.answer(caller, thread, run);
  }

  /** Returns the run that answers a message; null when it is not found. */
  private runOf(
    thread: string,
    mid: string,
    user: string,
    { offset, duplicate }: Extract<Published, { ok: true }>
  ): string | null {
    const { requests, ports } = this.options;
    const open = requests.runs.runOf(thread, mid, user);
    if (open !== null) return open;
    // A message that steers is given to the run at work.
    if (!duplicate) return ports.runs.of(thread)[0]?.run ?? null;
    const last = ports.log.head(thread)?.last ?? 0;
    const place = { after: offset, last };
    const { entries } = readPast(ports.log, thread, place, LOOKED_AT, LOOKED_AT_CHARS);
    for (const { frame } of entries) {
      const message = parseMessageFrame(frame);
      const entry = message === null ? null : runEntryOf(message);
      if (entry === null) continue;
      const { inReplyTo, mid: steered } = entry.body;
      if (inReplyTo === mid || (entry.kind === 'agent_steered' && steered === mid))
        return entry.run;
    }
    return null;
  }

  private async reply(caller: AiCaller, author: Author, asked: AiReply): Promise<AiOutcome> {
    const { requests, ports, guard } = this.options;
    const { thread, run, answers } = asked;
    const told = ports.runs.of(thread).find((open) => open.run === run);
    const given = answers.find(({ ask }) => ask === told?.ask?.ask);
    if (told?.ask === undefined) {
      return problem(
        'conflict',
        'the last message is of an agent, and its run waits for no answer'
      );
    }
    if (given === undefined) {
      return problem('bad_frame', 'the last message has no answer to the question of its run');
    }
    const rights = new CallerRights(guard, caller.identity);
    await requests.question(rights, run);
    const denial = requests.refusal(author.user, rights, run);
    if (denial !== null) return runRefusal(denial);
    const answer = this.answer(caller, thread, run);
    answer.skip();
    const refused = await requests.runs.answer(run, given.ask, author.user, given.value);
    if (refused === null) return answer;
    return problem(
      refused,
      refused === 'bad_frame' ? 'the answer does not fit the schema' : undefined
    );
  }

  private answer({ version }: AiCaller, thread: string, run: string): AiAnswer {
    return new AiAnswer(this.options.ports, { thread, run, version });
  }
}
