/** Fields of frames that are about messages and the runs of agents that answer them. */
import Type from 'typebox';
import { WHILE_RUNNING } from './agent-kinds.js';

/** Longest `mid`, in characters. */
export const MID_MAX = 64;

/** Id of a message, given by its author. */
export const Mid = Type.String({ minLength: 1, maxLength: MID_MAX });

/** Name of an agent. */
export const AgentName = Type.String({ pattern: '^[a-z][a-z0-9_-]{0,31}$' });

/** Id of a run, given by the server. */
export const RunId = Type.String({ minLength: 1, maxLength: 64 });

const [ENQUEUE, REJECT, INTERRUPT, STEER] = WHILE_RUNNING;
// Written out: of a mapped list the type would be `never`.
const WhileRunningName = Type.Union([
  Type.Literal(ENQUEUE),
  Type.Literal(REJECT),
  Type.Literal(INTERRUPT),
  Type.Literal(STEER)
]);

/** Fields of a publish that matter to agents. */
export const RUN_PUBLISH_FIELDS = {
  // The agent that answers this message and later ones of the thread.
  agent: Type.Optional(AgentName),
  whileRunning: Type.Optional(WhileRunningName),
  // Message whose answer is made anew, and message that this one replaces.
  regenerates: Type.Optional(Mid),
  edits: Type.Optional(Mid)
};

/** A run that has not ended, as a subscriber is told of it. */
export const ToldRun = Type.Object({
  run: Type.String(),
  state: Type.String(),
  mid: Type.String(),
  text: Type.String(),
  at: Type.Number(),
  agent: Type.Optional(Type.String()),
  attempt: Type.Optional(Type.Integer({ minimum: 1 })),
  // The question that it waits for; absent unless `waiting`.
  ask: Type.Optional(
    Type.Object({
      ask: Type.String(),
      prompt: Type.String(),
      // JSON Schema of the answer; null: any text.
      schema: Type.Union([Type.Null(), Type.Object({})]),
      expiresAt: Type.Number()
    })
  )
});

/** An agent that may be named in a publish. */
export const ToldAgent = Type.Object({ name: AgentName, description: Type.String() });
