/**
 * State of one client's connection: its user, subscriptions, rate limits and owed replies. There are tens of thousands,
 * so it is a plain object without timers or closures.
 */
import type { ActiveThread } from '../../actors/threads/active-thread.js';
import type { ReaderBehind } from '../../actors/facts/steps.js';
import type { Right } from '../../protocol/rights.js';
import { CLOSES, ERRORS, type CloseCode, type ErrorCode } from '../../protocol/errors.js';
import type { CallerRights } from '../access/guard.js';
import type { Received, RequestId } from './frame-decoder.js';
import { encodeFrame } from './frame-encoder.js';
import type { TokenBucket } from './work/token-bucket.js';
import type { Backlog, Backlogged } from './work/inbox.js';
import type { OutFrame } from '../transport/out-frame.js';
import type { Socket } from '../transport/transport.js';

/**
 * Most bytes of replies kept for a connection whose buffer is full; beyond it the connection is closed with 3008. A
 * whole page of history fits (524,288 characters of at most three bytes), and a third as much again in small replies.
 */
export const OWED_BYTES_MAX = 2_097_152;

/** Most frames kept while a token is being checked; more are refused. */
export const EARLY_FRAMES_MAX = 64;

/** `replayTo` of a subscription that lags: everything is replay until it is live again. */
export const UNTIL_LIVE = Number.POSITIVE_INFINITY;

/** One subscription: live (in the thread's topic), or reading the log until it is. */
export interface Subscription {
  readonly thread: ActiveThread;
  /** Newest offset sent to this subscription; only up to date while it is not live. */
  cursor: number;
  /** Messages up to this offset are replay; null once `caught_up` has been sent for them. */
  replayTo: number | null;
  isLive: boolean;
  /** What its user may do with the thread, as it was told; null when that was not known. */
  may: readonly Right[] | null;
  /** What it reads from the log, and why, recorded when it has read it; null when it reads nothing. */
  behind: ReaderBehind | null;
}

/** State of one connection: a WebSocket, or an event stream. */
export class Connection implements Backlogged<Received> {
  readonly id: string;
  readonly address: string;
  /** Token of the upgrade request, until `connect`. */
  token: string | null;
  /** Whether it is a probe: accepted above all limits, and allowed to use reserved test threads. */
  isProbe: boolean;
  /** Its rights; null until `connected` has been sent. */
  rights: CallerRights | null = null;
  /** Whether it is an event stream, of which nothing is ever heard. */
  isStream = false;
  socket: Socket<Connection> | null = null;
  /** Null until `connected` has been sent. */
  user: string | null = null;
  subscriptions: readonly Subscription[] = NONE;
  publishes: TokenBucket | null = null;
  frames: TokenBucket | null = null;
  /** The trace of its publishes that name none, from its `connect`. */
  traceparent: string | undefined = undefined;
  /** When it was opened; a moment of `Clock.elapsed()`, as the other times that are not said to be something else. */
  openedAt: number;
  heardAt: number;
  /** When it was last pinged; null once anything has been heard since. Of an event stream nothing is heard. */
  pingedAt: number | null = null;
  /** When its token expires, Unix milliseconds; null means never. */
  expiresAt: number | null = null;
  /** Whether a new token is being checked. */
  isRefreshing = false;
  laggingSince: number | null = null;
  badFramesInARow = 0;
  /** Number of requests whose answer waits for the log. */
  unanswered = 0;
  /** Whether it was asked to leave: it accepts no more requests, and is closed as soon as it is settled. */
  isLeaving = false;
  isClosing = false;
  /** Counts the errors that it is answered with; null before it was added. */
  errors: { note(code: ErrorCode): void } | null = null;
  /** With which code the server has ended it; null when it has not. */
  endedWith: CloseCode | null = null;
  /** Frames that came while the token was being checked; null when none is being checked. */
  early: Received[] | null = null;
  /** Frames that wait for a later turn. */
  backlog: Backlog<Received> | null = null;
  private owed: OutFrame[] | null = null;
  private owedBytes = 0;

  /** `now` is a moment of `Clock.elapsed()`. */
  constructor(id: string, address: string, token: string | null, isProbe: boolean, now: number) {
    this.id = id;
    this.address = address;
    this.token = token;
    this.isProbe = isProbe;
    this.openedAt = now;
    this.heardAt = now;
  }

  /** Whether every request is answered and everything sent has left the buffer. */
  get isSettled(): boolean {
    const bufferedBytes = this.socket?.buffered() ?? 0;
    const isWorkedOff = this.unanswered === 0 && this.early === null && this.backlog === null;
    return isWorkedOff && this.owed === null && bufferedBytes === 0;
  }

  /** Notes that something was received. */
  heard(now: number): void {
    this.heardAt = now;
    this.pingedAt = null;
  }

  /**
   * Extends its deadlines by a time in which the server did not run, and adds the rate limit's tokens of that time. No
   * starting point of a deadline moves beyond `now`.
   */
  excuse(awayMs: number, now: number): void {
    this.heardAt = Math.min(now, this.heardAt + awayMs);
    if (this.user === null) this.openedAt = Math.min(now, this.openedAt + awayMs);
    if (this.pingedAt !== null) this.pingedAt = Math.min(now, this.pingedAt + awayMs);
    if (this.laggingSince !== null) this.laggingSince = Math.min(now, this.laggingSince + awayMs);
    this.frames?.credit(awayMs, now);
    this.publishes?.credit(awayMs, now);
  }

  /** Returns the subscription to a thread; undefined when there is none. */
  subscriptionTo(thread: string): Subscription | undefined {
    return this.subscriptions.find((subscription) => subscription.thread.id === thread);
  }

  /** Sends no more live messages, so that its buffer runs empty; the client resumes elsewhere from its last offset. */
  stopFeed(): void {
    for (const subscription of this.subscriptions) {
      if (!subscription.isLive) continue;
      this.socket?.leave(subscription.thread.id);
      subscription.isLive = false;
      subscription.cursor = subscription.thread.published;
    }
  }

  /** Sends a frame. One that the full buffer does not accept is kept, and sent first once there is room. */
  send(frame: OutFrame): void {
    if (this.socket === null || this.isClosing) return;
    if (this.owed === null && this.socket.send(frame)) return;
    this.owed ??= [];
    this.owed.push(frame);
    this.owedBytes += frame.bytes.length;
    this.socket.setAside(this.owedBytes);
    if (this.owedBytes > OWED_BYTES_MAX) this.disconnect(3008, null);
  }

  /** Sends owed frames, as far as there is room; true when none is left. */
  payOwed(): boolean {
    const { owed, socket } = this;
    if (owed === null || socket === null) return true;
    let paid = 0;
    for (const frame of owed) {
      if (!socket.send(frame)) break;
      this.owedBytes -= frame.bytes.length;
      paid++;
    }
    this.owed = paid === owed.length ? null : owed.slice(paid);
    socket.setAside(this.owedBytes);
    return this.owed === null;
  }

  /** Answers a request with an error of the table; `message` adds more information. */
  sendError(id: RequestId, code: ErrorCode, message?: string, afterMs?: number): void {
    const rule = ERRORS[code];
    this.errors?.note(code);
    this.send(
      encodeFrame({
        type: 'error',
        id,
        code,
        message: message ?? rule.message,
        retry: rule.retry,
        afterMs
      })
    );
  }

  /**
   * Sends a goodbye with a close code and closes. `afterMs`: milliseconds after which a client that reconnects should
   * come back.
   */
  disconnect(code: CloseCode, afterMs: number | null): void {
    if (this.socket === null || this.isClosing) return;
    const { reason, reconnect } = CLOSES[code];
    // A client that was too slow does not know its last position and gets it here; other clients know it.
    const resume =
      code === 3008
        ? this.subscriptions.map(({ thread, cursor, isLive }) => ({
            thread: thread.id,
            offset: isLive ? thread.published : cursor,
            epoch: thread.epoch
          }))
        : undefined;
    this.socket.send(
      encodeFrame({
        type: 'disconnect',
        code,
        reason,
        reconnect,
        afterMs: afterMs ?? undefined,
        resume
      })
    );
    this.isClosing = true;
    this.endedWith = code;
    this.socket.end(code, reason);
  }
}

const NONE: readonly Subscription[] = Object.freeze([]);
