/**
 * What an agent is: a function that gets a message and yields what it does. The server makes a run of it, with one end
 * whatever happens.
 */
import type { MessageFrame } from '../../protocol/frames.js';

/** A piece of the answer. */
export interface TextEvent {
  readonly type: 'text';
  readonly text: string;
}

/** What the agent thinks before it answers; shown apart from the answer. */
export interface ThinkingEvent {
  readonly type: 'thinking';
  readonly text: string;
}

/** A tool begins to work. `call` is unique in the run. */
export interface ToolCallEvent {
  readonly type: 'toolCall';
  readonly call: string;
  readonly tool: string;
  /** Any JSON value. */
  readonly args: unknown;
}

/** A tool has ended. Give `result` when it went well, else `error`. */
export interface ToolResultEvent {
  readonly type: 'toolResult';
  readonly call: string;
  readonly ok: boolean;
  /** Any JSON value. */
  readonly result?: unknown;
  readonly error?: string;
}

/** A question to the people of the thread. `yield` returns the {@link Answer}. */
export interface AskEvent {
  readonly type: 'ask';
  readonly prompt: string;
  /** JSON Schema of the answer. Default: any text. */
  readonly schema?: object;
  /** How long the answer may take, in milliseconds. Default and maximum: `AGENT_ASK_MS`. */
  readonly withinMs?: number;
}

/** What the answer has cost so far. Of several the last counts. */
export interface UsageEvent extends Usage {
  readonly type: 'usage';
}

/** Tokens of a run, as the model counts them. */
export interface Usage {
  readonly input?: number;
  readonly output?: number;
  readonly cached?: number;
  readonly reasoning?: number;
  readonly model?: string;
}

/** What an agent may yield; a text alone is a piece of the answer. */
export type AgentEvent =
  string | TextEvent | ThinkingEvent | ToolCallEvent | ToolResultEvent | AskEvent | UsageEvent;

/** The answer to a question, or that nobody gave one in time. */
export type Answer =
  | { readonly isAnswered: true; readonly value: unknown; readonly by: string }
  | { readonly isAnswered: false };

/** What an agent knows of the run that it works for. */
export interface RunContext {
  /** Id of the run. */
  readonly run: string;
  readonly thread: string;
  /** Who wrote the message. */
  readonly user: string;
  /** The message to answer. */
  readonly message: MessageFrame;
  /** 1, or more when the agent is tried again: earlier text counts no more. */
  readonly attempt: number;
  /** Aborted when the run is cancelled, has taken too long, or the server stops. Give it to `fetch`. */
  readonly signal: AbortSignal;
  /** Returns at most so many messages of the thread before the one to answer, oldest first. */
  history(limit: number): MessageFrame[];
  /** Returns the messages that came since the last call and were given to this run (`whileRunning: "steer"`). */
  steered(): MessageFrame[];
}

/** An agent. */
export interface Agent {
  /** 1 to 32 characters of `[a-z0-9_-]`, beginning with a letter. */
  readonly name: string;
  /** What it is for, for people who choose one. */
  readonly description: string;
  /** Yields what it does, until it is done. A generator that throws fails the run. */
  run(context: RunContext): AsyncGenerator<AgentEvent, void, Answer | undefined>;
}

const NAME = /^[a-z][a-z0-9_-]{0,31}$/;

/**
 * Makes an agent.
 * @throws {TypeError} when its name or its function is not one
 */
export function defineAgent(agent: {
  readonly name: string;
  readonly description?: string;
  run(context: RunContext): AsyncGenerator<AgentEvent, void, Answer | undefined>;
}): Agent {
  if (typeof agent.name !== 'string' || !NAME.test(agent.name)) {
    throw new TypeError(
      `an agent's name has 1 to 32 characters of [a-z0-9_-] and begins with a letter`
    );
  }
  if (typeof agent.run !== 'function')
    throw new TypeError(`agent ${agent.name} has no function run`);
  return {
    name: agent.name,
    description: agent.description ?? '',
    run: (context) => agent.run(context)
  };
}

/**
 * An error of an agent that says what became of it. Any other error fails the run with the code `agent_error`, and its
 * message is told to the operator only.
 */
export class AgentError extends Error {
  /** Told to clients, as the message is. */
  readonly code: string;
  /** Milliseconds after which to try again; null: the run fails. */
  readonly retryAfterMs: number | null;

  constructor(code: string, message: string, retryAfterMs: number | null = null) {
    super(message);
    this.name = 'AgentError';
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }

  /** Returns whether an error is one, also when it was made by another copy of this package. */
  static is(error: unknown): error is AgentError {
    return (
      error instanceof Error &&
      error.name === 'AgentError' &&
      'code' in error &&
      typeof error.code === 'string' &&
      'retryAfterMs' in error &&
      (error.retryAfterMs === null || typeof error.retryAfterMs === 'number')
    );
  }
}
