/**
 * Checks and publishes messages. Every way to publish (frames, HTTP requests, agents) calls {@link Publisher} and
 * answers its own caller, so that all have the same rules. `protocol/errors.ts` has the text and the HTTP status of
 * each refusal's code.
 */
import type { Clock } from '../../actors/clock.js';
import type { LogReader } from '../../actors/log/log-reader.js';
import type { AppendResult, Durability, LogWriter } from '../../actors/log/log-writer.js';
import type { Incidents } from '../../actors/monitor/incidents.js';
import { COME_BACK_MS, NO_MEMORY, type Memory } from '../../actors/memory/memory.js';
import type { ActiveThread } from '../../actors/threads/active-thread.js';
import type { Threads } from '../../actors/threads/threads.js';
import { keepingTrace } from '../../actors/traces/kept-trace.js';
import { publishSpan } from '../../actors/traces/message-spans.js';
import { ThreadTemplates } from '../../actors/traces/thread-template.js';
import type { Traces } from '../../actors/traces/traces.js';
import type { ErrorCode } from '../../protocol/errors.js';
import { isAgentKind } from '../../protocol/agent-kinds.js';
import { ERASED_KIND } from '../../protocol/erased.js';
import { BODY_DEPTH_MAX, type BodyText } from '../../protocol/json-text.js';
import type { CallerRights, Guard, Judgement } from '../access/guard.js';
import { namedRefusal } from '../access/named-messages.js';
import type { NoteLimited } from '../limits/limited.js';
import type { OverLimit, PublishLimits } from './work/publish-limits.js';
import { NOT_ANSWERED, NOT_ANSWERED_AFTER_MS } from '../access/authority.js';
import type { TokenBucket } from './work/token-bucket.js';
import type { RunFields, RunRequests } from './runs/run-requests.js';
import { unreadable } from './unreadable.js';

/** The author of a publish. */
export interface Author {
  readonly user: string;
  /** Rights of the caller who publishes under this name. */
  readonly rights: Pick<CallerRights, 'judge'>;
  /** Rate limit of the author; null means none. */
  readonly rate: TokenBucket | null;
  /** Where a user publishes from; null for a backend, which the limits on users and addresses do not count. */
  readonly address: string | null;
}

/** A publish. Its fields fit the schema of the `publish` frame. */
export interface PublishRequest extends RunFields {
  readonly thread: string;
  readonly mid: string;
  /** Default `user_message`. */
  readonly kind?: string | undefined;
  readonly body: BodyText;
  /** Default `delivered`. */
  readonly expect?: 'delivered' | 'stored' | undefined;
  /** Becomes the thread's owner, in place of its first publisher, when the message is stored. */
  readonly owner?: string | undefined;
  /** The trace that the publish belongs to, as its sender said it. */
  readonly traceparent?: string | undefined;
}

/** Why a message was not stored. `afterMs`: milliseconds after which it may be sent again. */
export interface PublishRefusal {
  readonly ok: false;
  readonly code: Extract<
    ErrorCode,
    | 'bad_frame'
    | 'bad_thread'
    | 'conflict'
    | 'forbidden'
    | 'forbidden_kind'
    | 'not_found'
    | 'queue_full'
    | 'rate_limited'
    | 'reserved_thread'
    | 'unavailable'
  >;
  /** More information than the table of codes has. */
  readonly reason?: string;
  readonly afterMs?: number;
}

/** Result of a publish: stored at an offset, or refused. */
export type Published = Extract<AppendResult, { ok: true }> | PublishRefusal;

const NO_RUN = { records: undefined };

const NOTHING = (): void => undefined;

const KEPT = 'mids that begin with the id of an open run are for its own entries';

/** Options of {@link Publisher}. */
export interface PublisherOptions {
  readonly clock: Clock;
  readonly log: Pick<LogWriter, 'durability'> & Pick<LogReader, 'withMid'>;
  readonly threads: Threads;
  readonly guard: Pick<Guard, 'opens' | 'changes'>;
  readonly incidents: Pick<Incidents, 'note'>;
  readonly memory: Pick<Memory, 'refusesMessages'>;
  /** Says what messages do to the runs of agents; null while there are no agents. */
  readonly agents: () => RunRequests | null;
  /** The limit that the refusal of a fast publisher names. */
  readonly publishPerSecond: number;
  readonly publishLimits: PublishLimits;
  /** Notes what a limit has refused. */
  readonly limited: NoteLimited;
  /** Records the ways of messages; null or absent: nothing is traced. */
  readonly traces?: Traces | null;
}

/** Checks and publishes messages. */
export class Publisher {
  private readonly options: PublisherOptions;
  private readonly traces: Traces | null;
  private readonly templates = new ThreadTemplates();

  constructor(options: PublisherOptions) {
    this.options = options;
    this.traces = options.traces ?? null;
  }

  /** What an ack promises. */
  get durability(): Durability {
    return this.options.log.durability;
  }

  /**
   * Publishes a message and calls `done` once with the result: before any subscriber gets the message, and before this
   * returns when it is refused here. A well-formed message that is refused is counted as `refused`.
   */
  publish(author: Author, request: PublishRequest, done: (published: Published) => void): void {
    const { traces } = this;
    if (traces === null) this.take(author, request, null, done);
    else this.takeTraced(traces, author, request, done);
  }

  private takeTraced(
    traces: Traces,
    author: Author,
    request: PublishRequest,
    done: (published: Published) => void
  ): void {
    const bytes = Buffer.byteLength(request.body.json);
    const span = publishSpan(traces, this.templates, request, bytes, request.traceparent);
    this.take(author, request, span?.traceparent ?? null, (published) => {
      const { ok } = published;
      span?.end(ok ? null : published.code, ok ? { 'rollcall.offset': published.offset } : {});
      done(published);
    });
  }

  /** `trace` is the `traceparent` of the recorded publish; null when it is not recorded. */
  private take(
    author: Author,
    request: PublishRequest,
    trace: string | null,
    done: (published: Published) => void
  ): void {
    const { threads, incidents } = this.options;
    let answer = done;
    try {
      const judgement = author.rights.judge('write', request.thread);
      const refusal = this.refusal(author, request, judgement);
      if (refusal !== null) {
        done(refusal);
        return;
      }
      const mayOwn = judgement.isAllowed && judgement.mayOwn;
      const thread = threads.get(request.thread);
      const counted =
        author.address === null ? done : this.counted(author.user, thread, request, done);
      if (counted === null) return;
      answer = counted;
      this.append(thread, author.user, mayOwn, request, trace, counted);
    } catch (error) {
      const reason = unreadable(error, incidents);
      if (reason === null) throw error;
      answer(this.turnAway(reason));
    }
  }

  /**
   * Counts what a user is about to store. Returns what to call with the result, which takes back what was not stored; null
   * when the user may store nothing now, which `done` has been told.
   */
  private counted(
    user: string,
    thread: ActiveThread,
    { body }: PublishRequest,
    done: (published: Published) => void
  ): ((published: Published) => void) | null {
    const { publishLimits } = this.options;
    const bytes = Buffer.byteLength(body.json);
    const begins = thread.published === 0;
    const over = publishLimits.tooMuch(user, bytes, begins);
    if (over !== null) {
      done(this.overLimit(over));
      return null;
    }
    return (result) => {
      const isStored = result.ok && !result.duplicate;
      // Of several first messages at once, one begins the thread.
      const isFirst = isStored && result.offset === 1;
      publishLimits.giveBack(user, isStored ? 0 : bytes, begins && !isFirst ? 1 : 0);
      done(result);
    };
  }

  private append(
    thread: ActiveThread,
    user: string,
    mayOwn: boolean,
    request: PublishRequest,
    trace: string | null,
    done: (published: Published) => void
  ): void {
    const { clock, threads, guard } = this.options;
    const { mid, kind = 'user_message', body, expect } = request;
    // A backend has named the owner. Otherwise the log makes the author of the first message the owner, or nobody.
    const owner = request.owner ?? (mayOwn ? undefined : null);
    const asked = trace === null ? request : { ...request, trace };
    const plan = this.options.agents()?.plan(user, kind, asked) ?? null;
    if (plan !== null && !plan.ok) {
      done(this.refused(plan));
      return;
    }
    const { records: ofRun } = plan ?? NO_RUN;
    const records =
      trace === null ? ofRun : [...(ofRun ?? []), keepingTrace(thread.id, mid, trace)];
    const entry = { mid, user, kind, bodyJson: body.json, at: clock.now(), owner, records };
    let opened = NOTHING;
    let changed = NOTHING;
    let hasEnded = false;
    /** Ends once what the message has begun, whatever becomes of it; null: storing it failed at once. */
    const end = (result: AppendResult | null): void => {
      if (hasEnded) return;
      hasEnded = true;
      opened();
      changed();
      if (result !== null) done(result);
      // After the ack: what the agent does comes behind it.
      const isNew = result !== null && result.ok && !result.duplicate;
      plan?.settle(isNew ? result.frame : null);
    };
    try {
      if (thread.published === 0 || typeof owner === 'string') {
        opened = guard.opens(thread.id, owner === undefined ? user : owner);
        if (typeof owner === 'string') changed = guard.changes(thread.id, owner, 'owner');
      }
      threads.publish(thread, entry, expect === 'stored', end);
    } catch (error) {
      end(null);
      throw error;
    }
  }

  /** Refuses and counts a message that came while the server was starting or stopping. */
  turnAway(reason: string): PublishRefusal {
    return this.refused({ ok: false, code: 'unavailable', reason });
  }

  private refusal(
    author: Author,
    request: PublishRequest,
    judgement: Judgement
  ): PublishRefusal | null {
    const { user, rate, address } = author;
    const { kind, body } = request;
    if (body.depth > BODY_DEPTH_MAX) {
      const reason = `/body must not be nested more than ${String(BODY_DEPTH_MAX)} deep`;
      return { ok: false, code: 'bad_frame', reason };
    }
    if (!judgement.isAllowed) {
      const { code } = judgement;
      if (code === 'bad_thread') return { ok: false, code };
      return this.refused(
        code === 'unavailable'
          ? { ok: false, code, reason: NOT_ANSWERED, afterMs: NOT_ANSWERED_AFTER_MS }
          : { ok: false, code }
      );
    }
    const now = this.options.clock.elapsed();
    const afterMs = rate?.wait(now) ?? 0;
    if (afterMs > 0) {
      const reason = `more than ${String(this.options.publishPerSecond)} publishes in a second`;
      return this.overLimit({ limit: 'publishes_connection', reason, afterMs });
    }
    const over = address === null ? null : this.options.publishLimits.tooFast({ user, address });
    if (over !== null) return this.overLimit(over);
    rate?.take(now);
    if (this.options.memory.refusesMessages()) {
      return this.refused({
        ok: false,
        code: 'unavailable',
        reason: NO_MEMORY,
        afterMs: COME_BACK_MS
      });
    }
    if (kind !== undefined && (isAgentKind(kind) || kind === ERASED_KIND)) {
      const reason = `${kind} is the server's own kind`;
      return this.refused({ ok: false, code: 'forbidden_kind', reason });
    }
    if (this.options.agents()?.keeps(request.thread, request.mid) === true) {
      return this.refused({ ok: false, code: 'conflict', reason: KEPT });
    }
    const named = namedRefusal(this.options.log, author, request);
    return named === null ? null : this.refused({ ok: false, ...named });
  }

  private overLimit({ limit, reason, afterMs }: OverLimit): PublishRefusal {
    this.options.limited(limit);
    return this.refused({ ok: false, code: 'rate_limited', reason, afterMs });
  }

  private refused(refusal: PublishRefusal): PublishRefusal {
    this.options.threads.refused();
    return refusal;
  }
}
