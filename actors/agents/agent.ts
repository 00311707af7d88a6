/**
 * What an agent is: a function that gets a message and yields events. The server turns each call into a run, which
 * always has exactly one end.
 */
import type { MessageFrame } from '../../protocol/frames.js';
import { checkedTools, type Tool } from './tools/tool.js';

/** A piece of the answer. */
export interface TextEvent {
  readonly type: 'text';
  readonly text: string;
}

/** A thought of the agent before it answers; shown separately from the answer. */
export interface ThinkingEvent {
  readonly type: 'thinking';
  readonly text: string;
}

/** A tool call begins. `call` is unique in the run. */
export interface ToolCallEvent {
  readonly type: 'toolCall';
  readonly call: string;
  readonly tool: string;
  /** Any JSON value. */
  readonly args: unknown;
}

/** A tool call has ended. Give `result` when it succeeded, else `error`. */
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

/** The cost of the answer so far. When an agent yields several, the last one counts. */
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

/** What an agent may yield; a plain string is a piece of the answer. */
export type AgentEvent =
  string | TextEvent | ThinkingEvent | ToolCallEvent | ToolResultEvent | AskEvent | UsageEvent;

/** The answer to a question, or the fact that nobody answered in time. */
export type Answer =
  | { readonly isAnswered: true; readonly value: unknown; readonly by: string }
  | { readonly isAnswered: false };

/** What an agent gets about its run. */
export interface RunContext {
  /** Id of the run. */
  readonly run: string;
  readonly thread: string;
  /** The user who wrote the message. */
  readonly user: string;
  /** The message to answer. */
  readonly message: MessageFrame;
  /** 1, or higher when the agent is tried again; the text of earlier attempts is discarded. */
  readonly attempt: number;
  /** Aborted when the run is cancelled, has taken too long, or the server stops. Give it to `fetch`. */
  readonly signal: AbortSignal;
  /**
   * Returns up to this many entries of the branch that is answered, oldest first: what people have read when they follow
   * the newest versions to this message. At most 500.
   */
  readonly history: (limit: number) => MessageFrame[];
  /** Returns the messages that came since the last call and were given to this run (`whileRunning: "steer"`). */
  readonly steered: () => MessageFrame[];
  /**
   * Names the run's span in a trace; absent when it is not recorded. Send it as the header `traceparent` with requests to
   * other services.
   */
  readonly traceparent?: string;
  /** The tools of the agent. */
  readonly tools: readonly Tool[];
}

/** An agent. */
export interface Agent {
  /** 1 to 32 characters of `[a-z0-9_-]`, beginning with a letter. */
  readonly name: string;
  /** Purpose of the agent, shown to people who choose one. */
  readonly description: string;
  /** What its model may ask it to call; empty for none. */
  readonly tools: readonly Tool[];
  /** Yields what it does, until it is done. A generator that throws fails the run. */
  run(context: Omit<RunContext, 'tools'>): AsyncGenerator<AgentEvent, void, Answer | undefined>;
}

const NAME = /^[a-z][a-z0-9_-]{0,31}$/;

/**
 * Makes an agent.
 * @throws {TypeError} when the name, the function or a tool is not valid
 */
export function defineAgent(agent: {
  readonly name: string;
  readonly description?: string;
  /** Offered to the model by `openAi`; other functions find them in `context.tools`. */
  readonly tools?: readonly Tool[];
  run(context: RunContext): AsyncGenerator<AgentEvent, void, Answer | undefined>;
}): Agent {
  if (typeof agent.name !== 'string' || !NAME.test(agent.name)) {
    throw new TypeError(
      `an agent's name has 1 to 32 characters of [a-z0-9_-] and begins with a letter`
    );
  }
  if (typeof agent.run !== 'function')
    throw new TypeError(`agent ${agent.name} has no function run`);
  const tools = checkedTools(agent.name, agent.tools);
  return {
    name: agent.name,
    description: agent.description ?? '',
    tools,
    run: (context) => agent.run({ ...context, tools })
  };
}

/**
 * An error of an agent, with a code for clients. Any other error fails the run with the code `agent_error`, and only
 * the operator sees its message.
 */
export class AgentError extends Error {
  /** Sent to clients, together with the message. */
  readonly code: string;
  /** Milliseconds after which to try again; null: the run fails. */
  readonly retryAfterMs: number | null;

  constructor(code: string, message: string, retryAfterMs: number | null = null) {
    super(message);
    this.name = 'AgentError';
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }

  /** Returns whether an error is an `AgentError`, also one from another copy of this package. */
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
