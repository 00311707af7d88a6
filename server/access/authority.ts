/**
 * Asks the application (`AUTHORIZE_URL`) who may do what, and keeps its answers for a while. There is a bound for the
 * kept answers, the questions under way, and the waiting questions.
 * @see docs/adr/0022-the-application-is-asked-before-the-rule.md
 */
import type { Clock } from '../../actors/clock.js';
import { reasonOf } from '../../machines/reason.js';
import type { Action } from './grants.js';
import type { TokenClaims } from './identity.js';

/** Time for one answer, in milliseconds. */
export const AUTHORIZE_TIMEOUT_MS = 2_000;

/** Longest answer, in bytes. */
export const AUTHORIZE_BYTES_MAX = 16_384;

/** Most kept answers, about 3 MB; the least recently used one is removed first. */
export const ANSWERS_MAX = 10_000;

/** Most questions under way at once. */
export const QUESTIONS_MAX = 64;

/** Most of them for one user, so that one user's questions delay nobody else's. */
export const QUESTIONS_OF_ONE_MAX = 4;

/** Most waiting questions; above it a new question counts as unanswered at once. */
export const QUESTIONS_WAITING_MAX = 1_024;

/** Time until a question without an answer may be asked again, in milliseconds. */
export const UNANSWERED_MS = 1_000;

/** What a client is told when its question got no answer. */
export const NOT_ANSWERED = 'whether this is permitted could not be asked now';

/** When the client should retry, in milliseconds. */
export const NOT_ANSWERED_AFTER_MS = 2_000;

/** One question, in the form in which it is sent. */
export interface AuthorityQuestion {
  readonly user: string;
  readonly action: Action;
  readonly thread: string;
  /** All claims of the user's token. */
  readonly claims: Readonly<Record<string, unknown>>;
}

/** `unavailable`: there was no answer. */
export type AuthorityAnswer = 'allowed' | 'forbidden' | 'unavailable';

/** The user whom a question is about. */
export interface AskedUser {
  readonly user: string;
  readonly claims?: TokenClaims;
}

/** Options of {@link Authority}. */
export interface AuthorityOptions {
  readonly clock: Pick<Clock, 'elapsed'>;
  /** Sends a question and returns the parsed answer. Rejects when there is none, with a reason for the operator. */
  readonly ask: (question: AuthorityQuestion) => Promise<unknown>;
  /** How long an answer is used, in milliseconds (`AUTHORIZE_TTL_MS`). */
  readonly keepMs: number;
  /** Called after each question with the reason why there was no answer; null when there was one. */
  readonly onAsked: (fault: string | null) => void;
  /** Called for a question that is not asked because too many wait. */
  readonly onFull: () => void;
}

interface Kept {
  readonly answer: AuthorityAnswer;
  readonly until: number;
}

interface Waiting {
  readonly key: string;
  readonly question: AuthorityQuestion;
  readonly since: number;
  readonly done: () => void;
}

/** The application's answers. */
export class Authority {
  private readonly options: AuthorityOptions;
  /** Least recently used first. */
  private readonly kept = new Map<string, Kept>();
  private readonly asking = new Map<string, Promise<void>>();
  private readonly waiting: Waiting[] = [];
  private readonly running = new Map<string, number>();
  private inFlight = 0;

  constructor(options: AuthorityOptions) {
    this.options = options;
  }

  /** Returns the kept answer; null when there is none or it is too old. A user without a token is never allowed. */
  known({ claims }: AskedUser, action: Action, thread: string): AuthorityAnswer | null {
    if (claims === undefined) return 'forbidden';
    const key = keyOf(claims, action, thread);
    const kept = this.kept.get(key);
    if (kept === undefined || kept.until <= this.options.clock.elapsed()) return null;
    this.kept.delete(key);
    this.kept.set(key, kept);
    return kept.answer;
  }

  /**
   * Asks the application; returns null when the answer is already known. Callers with the same question share one
   * request. The promise never rejects; once it resolves, {@link known} has the answer.
   */
  ask(asked: AskedUser, action: Action, thread: string): Promise<void> | null {
    const { claims, user } = asked;
    if (claims === undefined || this.known(asked, action, thread) !== null) return null;
    const key = keyOf(claims, action, thread);
    const shared = this.asking.get(key);
    if (shared !== undefined) return shared;
    const question = { user, action, thread, claims: claims.values };
    if (this.waiting.length >= QUESTIONS_WAITING_MAX) {
      this.options.onFull();
      this.keep(key, 'unavailable', UNANSWERED_MS);
      return null;
    }
    const since = this.options.clock.elapsed();
    const asking = new Promise<void>((done) => {
      this.waiting.push({ key, question, since, done });
    });
    this.asking.set(key, asking);
    this.next();
    return asking;
  }

  /** Sends waiting questions, up to the bounds. */
  private next(): void {
    let index = 0;
    while (this.inFlight < QUESTIONS_MAX && index < this.waiting.length) {
      const first = this.waiting[index];
      if (first === undefined) return;
      const own = this.running.get(first.question.user) ?? 0;
      if (own >= QUESTIONS_OF_ONE_MAX) {
        index++;
        continue;
      }
      this.waiting.splice(index, 1);
      this.running.set(first.question.user, own + 1);
      this.inFlight++;
      void this.send(first);
    }
  }

  private async send({ key, question, since, done }: Waiting): Promise<void> {
    const { clock, ask, keepMs, onAsked } = this.options;
    let answer: AuthorityAnswer = 'unavailable';
    let fault: string | null = null;
    try {
      // While the application is slow, a question that has waited as long as an answer may take does not wait longer.
      if (clock.elapsed() - since >= AUTHORIZE_TIMEOUT_MS) throw new Error('answers too slowly');
      answer = read(await ask(question));
    } catch (error) {
      fault = reasonOf(error);
    }
    this.keep(key, answer, answer === 'unavailable' ? UNANSWERED_MS : keepMs);
    this.asking.delete(key);
    const left = (this.running.get(question.user) ?? 1) - 1;
    if (left === 0) this.running.delete(question.user);
    else this.running.set(question.user, left);
    this.inFlight--;
    onAsked(fault);
    done();
    this.next();
  }

  private keep(key: string, answer: AuthorityAnswer, forMs: number): void {
    this.kept.delete(key);
    this.kept.set(key, { answer, until: this.options.clock.elapsed() + forMs });
    if (this.kept.size <= ANSWERS_MAX) return;
    for (const oldest of this.kept.keys()) {
      this.kept.delete(oldest);
      return;
    }
  }
}

function read(answer: unknown): AuthorityAnswer {
  if (typeof answer === 'object' && answer !== null && 'allowed' in answer) {
    if (answer.allowed === true) return 'allowed';
    if (answer.allowed === false) return 'forbidden';
  }
  throw new Error('answered JSON without "allowed": true or false');
}

/** Makes a unique key: neither a thread id nor an action contains a space. */
function keyOf(claims: TokenClaims, action: Action, thread: string): string {
  return `${claims.digest} ${action} ${thread}`;
}
