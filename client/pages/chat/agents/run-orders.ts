/** What the user has asked of runs: to stop, to leave the queue, to take an answer. */
import { RollcallError, type Thread } from '../../../sdk/client.js';

/** The state of a request to stop a run or to take it out of the queue: none, sent, or refused with a message. */
export type StopState =
  | { readonly type: 'idle' }
  | { readonly type: 'asked' }
  | { readonly type: 'refused'; readonly problem: string };

/** What became of an answer. */
export interface AnswerFate {
  /** Whether the question is over: the form goes away by itself. */
  readonly isOver: boolean;
  /** What to tell the user; empty when it was taken. */
  readonly words: string;
}

/** The requests about runs of one thread. */
export class RunOrders {
  readonly #thread: Thread;
  readonly #changed: () => void;
  readonly #stops = new Map<string, StopState>();

  /** @param changed called after each change of {@link stops} */
  constructor(thread: Thread, changed: () => void) {
    this.#thread = thread;
    this.#changed = changed;
  }

  /** The state of each request to stop or to withdraw, by run id. */
  get stops(): ReadonlyMap<string, StopState> {
    return this.#stops;
  }

  /** Asks the server to stop a run. Does nothing when that was asked already. */
  stop(run: string): void {
    this.#ask(run, () => this.#thread.cancel({ run }));
  }

  /** Asks the server to take a run out of the queue. Does nothing when that was asked already. */
  withdraw(run: string): void {
    this.#ask(run, () => this.#thread.withdraw(run));
  }

  /** Answers a question of a run. Never rejects. */
  async answer(run: string, ask: string, value: unknown): Promise<AnswerFate> {
    try {
      await this.#thread.answer(run, ask, value);
      return { isOver: true, words: '' };
    } catch (error) {
      if (!(error instanceof RollcallError)) throw error;
      return answerFate(error);
    }
  }

  /** Forgets the requests about a run that has ended. */
  ended(run: string): void {
    this.#stops.delete(run);
  }

  /** Forgets all: the thread has started over. */
  clear(): void {
    this.#stops.clear();
  }

  #ask(run: string, request: () => Promise<unknown>): void {
    if (this.#stops.get(run)?.type === 'asked') return;
    this.#stops.set(run, { type: 'asked' });
    this.#changed();
    request().catch((error: unknown) => {
      // The run may have ended meanwhile; then the refusal does not matter.
      if (this.#stops.has(run)) this.#stops.set(run, { type: 'refused', problem: refusal(error) });
      this.#changed();
    });
  }
}

function refusal(error: unknown): string {
  if (error instanceof RollcallError && error.code === 'conflict') return 'it has begun already';
  return error instanceof Error ? error.message : String(error);
}

/** Says in plain words what a refusal of an answer means. */
export function answerFate({ code, message }: RollcallError): AnswerFate {
  if (code === 'conflict') {
    const words = 'Somebody was faster, here or in another tab: the first answer counts.';
    return { isOver: true, words };
  }
  if (code === 'not_found') {
    return { isOver: true, words: 'The question is over: your answer came too late.' };
  }
  if (code === 'bad_frame') {
    return { isOver: false, words: 'The agent cannot take this answer. Please check it.' };
  }
  if (code === 'forbidden') {
    return { isOver: false, words: 'You may not answer this: only who asked may.' };
  }
  return { isOver: false, words: `Not sent: ${message}. Your answer is still here.` };
}
