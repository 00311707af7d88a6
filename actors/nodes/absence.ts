/**
 * Makes sure of what other nodes have before it is reported: that nobody is subscribed to a thread anywhere, or that
 * somebody has got its messages. What a node knows of the others may be a moment old, so they are asked. An absence is
 * sure when every node that is there has said so; while this node does not reach the brokers, or has not for long, it
 * knows nothing and is sure of nothing.
 */
import type { Clock } from '../clock.js';
import type { NodeAnswer, NodeQuestion } from './node-message.js';
import type { NodeQuestions } from './node-questions.js';
import type { Nodes } from './nodes.js';

/** Wait for the answers before nodes are asked again, in milliseconds. */
export const ABSENCE_ROUND_MS = 1_000;

/** Options of {@link Absence}. */
export interface AbsenceOptions {
  readonly nodes: Pick<Nodes, 'ids' | 'isSure'>;
  readonly questions: Pick<NodeQuestions, 'ask'>;
  readonly clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>;
  /** Called when a node has somebody of whom this node did not know. */
  readonly doubt: (node: string) => void;
}

/** What is asked about one thread, in rounds. */
interface Asked {
  readonly question: NodeQuestion;
  /** Nodes that have said no since this node was last unsure. */
  readonly none: Set<string>;
  /** Notes an answer. */
  readonly answered: (asked: Asked, node: string, answer: NodeAnswer) => void;
  /** Looks whether it is over, before each round. */
  readonly look: (asked: Asked) => void;
  timer: unknown;
}

/** The threads about which the other nodes are being asked. Bounded by the threads that hold messages. */
export class Absence {
  private readonly options: AbsenceOptions;
  private readonly asked = new Map<string, Asked>();

  constructor(options: AbsenceOptions) {
    this.options = options;
  }

  /**
   * Calls `nobody` once, when no other node has a subscriber of the thread other than an author (null: any subscriber
   * counts). Until then it goes on asking.
   */
  confirmNobody(thread: string, author: string | null, nobody: () => void): void {
    const settle = (asked: Asked): void => {
      if (!this.isNobody(asked)) return;
      this.forget(thread);
      nobody();
    };
    this.begin(thread, {
      question: { about: 'anybody', thread, author },
      none: new Set(),
      answered: (asked, node, answer) => {
        if (answer !== 0) this.options.doubt(node);
        else if (this.options.nodes.isSure) {
          asked.none.add(node);
          settle(asked);
        }
      },
      look: settle,
      timer: null
    });
  }

  /** Calls `given` once with a reader who has got everything up to an offset. Until then it goes on asking. */
  confirmGiven(
    thread: string,
    offset: number,
    author: string | null,
    given: (user: string) => void
  ): void {
    this.begin(thread, {
      question: { about: 'given', thread, offset, author },
      none: new Set(),
      answered: (_, __, answer) => {
        if (typeof answer !== 'string') return;
        this.forget(thread);
        given(answer);
      },
      look: () => undefined,
      timer: null
    });
  }

  /** Ends the questions about a thread. */
  forget(thread: string): void {
    const asked = this.asked.get(thread);
    if (asked === undefined) return;
    this.options.clock.clearTimeout(asked.timer);
    this.asked.delete(thread);
  }

  /** Ends all questions. */
  close(): void {
    for (const thread of [...this.asked.keys()]) this.forget(thread);
  }

  private begin(thread: string, asked: Asked): void {
    this.forget(thread);
    this.asked.set(thread, asked);
    this.round(thread, asked);
  }

  private round(thread: string, asked: Asked): void {
    const { nodes, questions, clock } = this.options;
    const { none, question } = asked;
    if (!nodes.isSure) none.clear();
    asked.look(asked);
    if (this.asked.get(thread) !== asked) return;
    asked.timer = clock.setTimeout(() => {
      this.round(thread, asked);
    }, ABSENCE_ROUND_MS);
    for (const node of [...nodes.ids()]) {
      if (none.has(node)) continue;
      questions.ask(node, question, ABSENCE_ROUND_MS, (answer) => {
        if (answer !== null && this.asked.get(thread) === asked) {
          asked.answered(asked, node, answer);
        }
      });
    }
  }

  /** Whether this node is sure, and every other one that is there has said no. */
  private isNobody({ none }: Asked): boolean {
    const { nodes } = this.options;
    if (!nodes.isSure) return false;
    for (const node of nodes.ids()) if (!none.has(node)) return false;
    return true;
  }
}
