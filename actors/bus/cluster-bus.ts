/**
 * The bus of several nodes: what is not stored goes to the other nodes as well, and they are asked what only they know. It
 * also keeps who is subscribed and connected elsewhere.
 */
import type { AwakeClock } from '../awake-timers.js';
import type { LogEntry } from '../log/log-reader.js';
import { Listeners } from '../listeners.js';
import { Absence } from '../nodes/absence.js';
import type { NodeBus, NodeEar } from '../nodes/node-bus.js';
import type {
  NodeAbout,
  NodeAnswer,
  NodeMessage,
  NodeQuestion,
  RunChange
} from '../nodes/node-message.js';
import { NodeQuestions } from '../nodes/node-questions.js';
import { Nodes } from '../nodes/nodes.js';
import { BACKEND, CONNECTED, OwnPeople } from '../nodes/own-people.js';
import { TheirPeople } from '../nodes/their-people.js';
import type { Bus, BusNode, Ephemeral, Kicked } from './bus.js';
import type { Elsewhere, ElsewhereNews } from './elsewhere.js';

/** How long another node may take to answer whether somebody took a message, or has a run, in milliseconds. */
export const NODE_ANSWER_MS = 2_000;

/** What other nodes can ask of this one beyond its connections. */
export interface ClusterNode extends BusNode {
  /**
   * Returns a subscriber here, other than an author, who has got everything of a thread up to an offset: its name, empty
   * for a backend. Null when there is none.
   */
  given(thread: string, offset: number, author: string | null): string | null;
  /** Changes a run of this node, and calls `done` once with what has become of it: `not_found` when it has no such run. */
  changeRun(change: RunChange, done: (outcome: string) => void): void;
}

/** Options of {@link ClusterBus}. */
export interface ClusterBusOptions {
  readonly bus: NodeBus;
  readonly clock: AwakeClock;
  readonly node: ClusterNode;
  /** Returns what this node says of itself. */
  readonly about: () => NodeAbout;
  /** Gets the error of a listener that has thrown. */
  readonly onFault: (reason: string) => void;
}

/** The bus between nodes. */
export class ClusterBus implements Bus, Elsewhere, NodeEar {
  /** The other nodes that are there. */
  readonly nodes: Nodes;
  private readonly bus: NodeBus;
  /** Id of this node. */
  readonly node: string;
  private readonly here: ClusterNode;
  private readonly own: OwnPeople;
  private readonly theirs: TheirPeople;
  private readonly questions: NodeQuestions;
  private readonly absence: Absence;
  private readonly news: Listeners<ElsewhereNews>;
  private readonly stopListening: () => void;

  constructor({ bus, clock, node, about, onFault }: ClusterBusOptions) {
    this.bus = bus;
    this.node = bus.node;
    this.here = node;
    this.news = new Listeners(onFault);
    this.own = new OwnPeople(bus, clock);
    this.theirs = new TheirPeople((from) => {
      bus.toNode(from, { type: 'missing' });
    }, onFault);
    this.questions = new NodeQuestions(bus, clock, (question, answer) => {
      this.reply(question, answer);
    });
    this.nodes = new Nodes({ bus, clock, about, number: () => this.own.number, onFault });
    this.absence = new Absence({
      nodes: this.nodes,
      questions: this.questions,
      clock,
      doubt: (from) => {
        this.theirs.doubt(from);
      }
    });
    this.nodes.news.listen(({ node: other, what }) => {
      if (what === 'gone') {
        this.theirs.gone(other);
        this.questions.gone(other);
      } else this.theirs.doubt(other);
    });
    this.theirs.news.listen(({ thread, user, isThere }) => {
      if (thread === CONNECTED) return;
      this.news.tell({ thread, user: user === BACKEND ? null : user, isThere });
    });
    this.stopListening = bus.listen(this);
  }

  /** Leaves the other nodes. */
  close(): void {
    this.nodes.close();
    this.stopListening();
    this.absence.close();
    this.own.close();
    this.questions.close();
  }

  connected(isConnected: boolean): void {
    this.nodes.connected(isConnected);
  }

  heard(from: string, message: NodeMessage): void {
    this.nodes.heard(from, message);
    switch (message.type) {
      case 'hello':
        this.theirs.hello(from, message.number);
        return;
      case 'people':
        this.theirs.people(from, message);
        return;
      case 'missing':
        this.own.tellEverybody(from);
        return;
      case 'everybody':
        this.theirs.everybody(from, message);
        return;
      case 'frame':
        this.here.tell(message.frame);
        return;
      case 'cut':
        this.here.cut(message.user);
        return;
      case 'ask':
        this.questions.asked(from, message);
        return;
      case 'answer':
        this.questions.answered(from, message);
        return;
      case 'bye':
    }
  }

  tell(frame: Ephemeral): void {
    this.here.tell(frame);
    this.bus.toAll(frame.thread, { type: 'frame', frame });
  }

  tellHere(frame: Ephemeral): void {
    this.here.tell(frame);
  }

  isReachable(user: string): boolean {
    return this.here.isReachable(user) || this.theirs.has(CONNECTED, user);
  }

  fallback(user: string, thread: string, message: LogEntry, done: (taken: number) => void): void {
    const { offset, frame } = message;
    let taken = this.here.fallback(user, thread, message);
    const asked = this.theirs.nodesOf(CONNECTED, user);
    let open = asked.length;
    if (open === 0) done(taken);
    for (const node of asked) {
      const question = { about: 'fallback', user, thread, offset, frame } as const;
      this.questions.ask(node, question, NODE_ANSWER_MS, (count) => {
        taken += typeof count === 'number' ? count : 0;
        open--;
        if (open === 0) done(taken);
      });
    }
  }

  cut(user: string): void {
    this.here.cut(user);
    this.bus.toAll(null, { type: 'cut', user });
  }

  kick(whom: Kicked, done: (closed: number) => void): void {
    let closed = this.here.kick(whom);
    const asked = [...this.nodes.ids()];
    let open = asked.length;
    if (open === 0) done(closed);
    for (const node of asked) {
      this.questions.ask(node, { about: 'kick', whom }, NODE_ANSWER_MS, (count) => {
        closed += typeof count === 'number' ? count : 0;
        open--;
        if (open === 0) done(closed);
      });
    }
  }

  /**
   * Asks every other node for a change of a run, and calls `done` once: with what the node that has it has said, with
   * `not_found` when none has it, and with `unavailable` when that is not known.
   */
  changeRun(change: RunChange, done: (outcome: string) => void): void {
    const asked = [...this.nodes.ids()];
    let open = asked.length;
    let isDone = false;
    let none = 'not_found';
    if (open === 0) done(none);
    for (const node of asked) {
      this.questions.ask(node, change, NODE_ANSWER_MS, (outcome) => {
        open--;
        const isFound = typeof outcome === 'string' && outcome !== 'not_found';
        if (outcome === null) none = 'unavailable';
        if (isDone || (!isFound && open > 0)) return;
        isDone = true;
        done(isFound ? outcome : none);
      });
    }
  }

  /** Notes that a user has got the first connection to this node that takes frames, or has lost the last one. */
  reachable(user: string, isReachable: boolean): void {
    if (isReachable) this.own.enter(CONNECTED, user);
    else this.own.leave(CONNECTED, user);
  }

  owns(node: string | undefined): boolean | null {
    if (node === this.bus.node) return true;
    if (node !== undefined && this.nodes.has(node)) return false;
    return this.nodes.isSure ? this.nodes.isFirst : null;
  }

  onOrphans(listener: () => void): () => void {
    return this.nodes.settled.listen(listener);
  }

  hasReader(thread: string, author: string | null): boolean {
    return this.theirs.hasReader(thread, author);
  }

  *people(thread: string): Iterable<string> {
    for (const user of this.theirs.of(thread)) if (user !== BACKEND) yield user;
  }

  enter(thread: string, user: string | null): void {
    this.own.enter(thread, user ?? BACKEND);
  }

  leave(thread: string, user: string | null): void {
    this.own.leave(thread, user ?? BACKEND);
  }

  confirmNobody(thread: string, author: string | null, nobody: () => void): void {
    this.absence.confirmNobody(thread, author, nobody);
  }

  confirmGiven(
    thread: string,
    offset: number,
    author: string | null,
    given: (user: string | null) => void
  ): void {
    this.absence.confirmGiven(thread, offset, author, (user) => {
      given(user === BACKEND ? null : user);
    });
  }

  forget(thread: string): void {
    this.absence.forget(thread);
  }

  listen(listener: (news: ElsewhereNews) => void): () => void {
    return this.news.listen(listener);
  }

  private reply(question: NodeQuestion, answer: (answer: NodeAnswer) => void): void {
    switch (question.about) {
      case 'fallback': {
        const { user, thread, offset, frame } = question;
        answer(this.here.fallback(user, thread, { offset, frame }));
        return;
      }
      case 'anybody':
        answer(this.own.hasReader(question.thread, question.author) ? 1 : 0);
        return;
      case 'given':
        answer(this.here.given(question.thread, question.offset, question.author) ?? 0);
        return;
      case 'kick':
        answer(this.here.kick(question.whom));
        return;
      default:
        this.here.changeRun(question, answer);
    }
  }
}
