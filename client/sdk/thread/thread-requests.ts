import type { Requests } from '../connection/requests.js';
import type {
  Answered,
  CancelTarget,
  Cancelling,
  HistoryPage,
  MemberChange,
  MembersList,
  Right,
  Role,
  Withdrawn
} from './thread-events.js';

/** What can be asked of the server about one thread; each question is asked once, and fails without a connection. */
export abstract class ThreadRequests {
  /** Id of the thread, as the server knows it. */
  readonly id: string;
  readonly #requests: Requests;

  constructor(id: string, requests: Requests) {
    this.id = id;
    this.#requests = requests;
  }

  /**
   * Resolves with the owner and the members.
   * @throws {RollcallError} (as rejection) the server's refusal (`forbidden`), or `timeout`, `closed`
   */
  async members(): Promise<MembersList> {
    const question = { type: 'members', thread: this.id } as const;
    const list = await this.#requests.ask(question, 'members');
    this.allowed(list.may);
    return list;
  }

  /**
   * Gives a user a role, or with null takes it away, if `may` has `manage`. Resolves once the change is durable.
   * @throws {RollcallError} (as rejection) the server's refusal (`forbidden`), or `timeout`, `closed`
   */
  setMember(user: string, role: Role | null): Promise<MemberChange> {
    return this.#requests.ask({ type: 'member', thread: this.id, user, role }, 'member');
  }

  /**
   * Resolves with the messages just before offset `before` (by default the newest), oldest first.
   * @throws {RollcallError} (as rejection) the server's refusal, or `timeout`, `closed`
   */
  history(page: { before?: number; limit?: number } = {}): Promise<HistoryPage> {
    return this.#requests.ask({ type: 'history', thread: this.id, ...page }, 'history');
  }

  /**
   * Asks the server to cancel a run and resolves once it has accepted that.
   * @throws {RollcallError} (as rejection) the server's refusal (`not_found`), or `timeout`, `closed`
   */
  cancel(target: CancelTarget): Promise<Cancelling> {
    const named = 'run' in target ? { run: target.run } : { thread: this.id, mid: target.mid };
    return this.#requests.ask({ type: 'cancel', ...named }, 'cancelling');
  }

  /**
   * Answers what an agent has asked (`Run.ask`) and resolves once the answer is stored. The first answer counts.
   * @throws {RollcallError} (as rejection) `conflict` when it has been answered, `bad_frame` when the value does not fit the
   * question's schema, `not_found` when it is not asked any more; or `timeout`, `closed`
   */
  answer(run: string, ask: string, value: unknown): Promise<Answered> {
    return this.#requests.ask({ type: 'answer', run, ask, value }, 'answered');
  }

  /**
   * Takes a run out of the queue before it begins, and resolves once the server has accepted that.
   * @throws {RollcallError} (as rejection) `conflict` when it has begun, `not_found` when it has ended; or `timeout`, `closed`
   */
  withdraw(run: string): Promise<Withdrawn> {
    return this.#requests.ask({ type: 'withdraw', run }, 'withdrawn');
  }

  /** Takes what the server said that the user may do. */
  protected abstract allowed(may: readonly Right[] | undefined): void;
}
