/** Questions between nodes, each with one answer. A node that does not answer in time has not answered. */
import type { Clock } from '../clock.js';
import type { NodeBus } from './node-bus.js';
import type { NodeAnswer, NodeMessageOf, NodeQuestion } from './node-message.js';

/** Most questions without an answer at a time; above it, a question counts as not answered at once. */
export const OPEN_QUESTIONS_MAX = 10_000;

/** Answers a question of another node, before it returns or later. */
export type AnswerQuestion = (question: NodeQuestion, answer: (value: NodeAnswer) => void) => void;

/** A question that waits. */
interface Open {
  readonly node: string;
  readonly timer: unknown;
  readonly done: (answer: NodeAnswer | null) => void;
}

/** The questions of this node, and its answers to those of others. */
export class NodeQuestions {
  private readonly bus: NodeBus;
  private readonly clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>;
  private readonly reply: AnswerQuestion;
  private readonly open = new Map<number, Open>();
  private last = 0;

  constructor(
    bus: NodeBus,
    clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>,
    reply: AnswerQuestion
  ) {
    this.bus = bus;
    this.clock = clock;
    this.reply = reply;
  }

  /** Asks a node, and calls `done` once: with its answer, or with null when there was none within `waitMs`. */
  ask(
    node: string,
    question: NodeQuestion,
    waitMs: number,
    done: (answer: NodeAnswer | null) => void
  ): void {
    if (this.open.size >= OPEN_QUESTIONS_MAX) {
      done(null);
      return;
    }
    const id = ++this.last;
    const timer: unknown = this.clock.setTimeout(() => {
      this.settle(id, null);
    }, waitMs);
    this.open.set(id, { node, timer, done });
    this.bus.toNode(node, { type: 'ask', id, question });
  }

  /** Answers another node's question. */
  asked(from: string, { id, question }: NodeMessageOf<'ask'>): void {
    this.reply(question, (answer) => {
      this.bus.toNode(from, { type: 'answer', id, answer });
    });
  }

  /** Notes an answer; one that nobody waits for any more is dropped. */
  answered(from: string, { id, answer }: NodeMessageOf<'answer'>): void {
    if (this.open.get(id)?.node === from) this.settle(id, answer);
  }

  /** Notes that a node is gone: it will not answer. */
  gone(node: string): void {
    for (const [id, open] of [...this.open]) if (open.node === node) this.settle(id, null);
  }

  /** Leaves all questions without an answer. */
  close(): void {
    for (const id of [...this.open.keys()]) this.settle(id, null);
  }

  private settle(id: number, answer: NodeAnswer | null): void {
    const open = this.open.get(id);
    if (open === undefined) return;
    this.open.delete(id);
    this.clock.clearTimeout(open.timer);
    open.done(answer);
  }
}
