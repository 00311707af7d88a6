/** What nodes tell each other. Nothing of it is stored; each message may be lost, and what matters is told again. */
import Type, { type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import { SERVER_FRAMES } from '../../protocol/frames.js';

/** A person in a thread, `[thread, user]`. The thread is empty for a connection to the node, the user for a backend. */
const Seat = Type.Tuple([Type.String(), Type.String()]);

/** Position of a node in one partition of the ordered log: the last command that it has applied, and the hash up to it. */
const Position = Type.Object({
  partition: Type.Integer({ minimum: 0 }),
  applied: Type.Integer({ minimum: 0 }),
  hash: Type.String()
});

/** What a node says of itself. */
const About = Type.Object({
  /** When it was started, Unix milliseconds. */
  startedAt: Type.Number(),
  version: Type.String(),
  /** Where it listens, as its clients may not see it. */
  url: Type.String(),
  status: Type.String(),
  connections: Type.Integer({ minimum: 0 }),
  threads: Type.Integer({ minimum: 0 }),
  /** How far its replica is behind the log; null when it does not know. */
  lagMs: Type.Union([Type.Number(), Type.Null()]),
  positions: Type.Array(Position)
});

/** An answer: how many, 1 for yes, 0 for no and for nobody, or the name of a user. */
const Answer = Type.Union([Type.Integer({ minimum: 0 }), Type.String()]);

/** What is asked of the node that has a run. The answer is what has become of it. */
const RunChange = Type.Union([
  Type.Object({ about: Type.Literal('cancel'), run: Type.String(), by: Type.String() }),
  Type.Object({ about: Type.Literal('withdraw'), run: Type.String(), by: Type.String() }),
  Type.Object({
    about: Type.Literal('answer'),
    run: Type.String(),
    ask: Type.String(),
    by: Type.String(),
    value: Type.Unknown()
  })
]);

/** Questions to other nodes. Each has one answer. */
const Question = Type.Union([
  Type.Object({
    about: Type.Literal('fallback'),
    user: Type.String(),
    thread: Type.String(),
    offset: Type.Integer({ minimum: 1 }),
    frame: Type.String()
  }),
  /** Whether somebody other than the author is subscribed. */
  Type.Object({
    about: Type.Literal('anybody'),
    thread: Type.String(),
    author: Type.Union([Type.String(), Type.Null()])
  }),
  /** Who other than the author has got everything up to an offset. */
  Type.Object({
    about: Type.Literal('given'),
    thread: Type.String(),
    offset: Type.Integer({ minimum: 0 }),
    author: Type.Union([Type.String(), Type.Null()])
  }),
  RunChange,
  /** To close connections with 3503; the answer is how many. */
  Type.Object({
    about: Type.Literal('kick'),
    whom: Type.Union([
      Type.Object({ connection: Type.String() }),
      Type.Object({ user: Type.String() })
    ])
  })
]);

const Message = Type.Union([
  Type.Object({
    type: Type.Literal('hello'),
    /** Whether it has just (re)joined and wants to be greeted. */
    isNew: Type.Boolean(),
    /** Number of its last `people`. */
    number: Type.Integer({ minimum: 0 }),
    about: About
  }),
  Type.Object({ type: Type.Literal('bye') }),
  Type.Object({
    type: Type.Literal('people'),
    number: Type.Integer({ minimum: 1 }),
    come: Type.Array(Seat),
    go: Type.Array(Seat)
  }),
  /** Asks for all people of a node; the answer is `everybody`, in one part or several. */
  Type.Object({ type: Type.Literal('missing') }),
  Type.Object({
    type: Type.Literal('everybody'),
    number: Type.Integer({ minimum: 0 }),
    part: Type.Integer({ minimum: 0 }),
    of: Type.Integer({ minimum: 1 }),
    come: Type.Array(Seat)
  }),
  Type.Object({
    type: Type.Literal('frame'),
    frame: Type.Union([
      SERVER_FRAMES.typing,
      SERVER_FRAMES.presence,
      SERVER_FRAMES.mark,
      SERVER_FRAMES.member,
      SERVER_FRAMES.owner,
      SERVER_FRAMES.agent,
      SERVER_FRAMES.chunk
    ])
  }),
  Type.Object({ type: Type.Literal('cut'), user: Type.String() }),
  Type.Object({ type: Type.Literal('ask'), id: Type.Integer(), question: Question }),
  Type.Object({ type: Type.Literal('answer'), id: Type.Integer(), answer: Answer })
]);

/** One message between nodes. */
export type NodeMessage = Static<typeof Message>;

/** A message of one type. */
export type NodeMessageOf<T extends NodeMessage['type']> = Extract<
  NodeMessage,
  { readonly type: T }
>;

/** A question to other nodes. */
export type NodeQuestion = Static<typeof Question>;

/** A question about a run. */
export type RunChange = Static<typeof RunChange>;

/** Its answer: how many, 1 for yes, 0 for no and for nobody, or the name of a user. */
export type NodeAnswer = Static<typeof Answer>;

/** What a node says of itself. */
export type NodeAbout = Static<typeof About>;

/** One of {@link NodeMessageOf} `people`: a thread and a user. */
export type NodeSeat = Static<typeof Seat>;

const compiled = Compile(Message);

/** Reads a message; null when it is none, as of a node with a newer version. */
export function readNodeMessage(text: string): NodeMessage | null {
  try {
    const value: unknown = JSON.parse(text);
    return compiled.Check(value) ? value : null;
  } catch {
    return null;
  }
}
