/** What a tool is: a function that a model may ask an agent to call. */
import type { MessageFrame } from '../../../protocol/frames.js';

/** Most tools of an agent: what OpenAI takes. */
export const TOOLS_MAX = 128;

/** What a tool gets beside its arguments. */
export interface ToolContext {
  readonly run: string;
  readonly thread: string;
  /** The user who wrote the message. Let a tool do only what this user may do. */
  readonly user: string;
  readonly message: MessageFrame;
  /** Aborted when the run is over. Give it to `fetch`. */
  readonly signal: AbortSignal;
  /** Id of the call, unique in the run. */
  readonly call: string;
  /** Names the run's span in a trace; absent when it is not recorded. */
  readonly traceparent?: string;
}

/** A tool. */
export interface Tool {
  /** 1 to 64 characters of `[a-zA-Z0-9_-]`. */
  readonly name: string;
  /** Tells the model when to call it. */
  readonly description?: string;
  /** JSON Schema of the arguments. Default: an object without fields. */
  readonly parameters?: object;
  /**
   * Does the work; returns any JSON value, or a promise of one. It is called only with arguments that fit `parameters`. The
   * message of an `AgentError` is told to people and the model; of any other error only that the tool failed.
   */
  readonly execute: (args: unknown, context: ToolContext) => unknown;
}

const NAME = /^[a-zA-Z0-9_-]{1,64}$/;

/**
 * Checks the tools of an agent, which may come from a module without types.
 * @throws {TypeError} when one is not valid, or two have one name
 */
export function checkedTools(agent: string, tools: unknown): readonly Tool[] {
  if (tools === undefined) return [];
  if (!Array.isArray(tools)) throw new TypeError(`the tools of agent ${agent} are no list`);
  const list: unknown[] = tools;
  if (list.length > TOOLS_MAX) {
    throw new TypeError(`agent ${agent} has more than ${String(TOOLS_MAX)} tools`);
  }
  const names = new Set<string>();
  return list.map((tool) => {
    if (!isTool(tool)) {
      throw new TypeError(
        `a tool of agent ${agent} needs a name of 1 to 64 characters of [a-zA-Z0-9_-], a function execute, and parameters that are an object, if any`
      );
    }
    if (names.has(tool.name)) throw new TypeError(`agent ${agent} has two tools ${tool.name}`);
    names.add(tool.name);
    return tool;
  });
}

function isTool(value: unknown): value is Tool {
  if (typeof value !== 'object' || value === null) return false;
  const field = (name: string): unknown => Reflect.get(value, name);
  const [name, execute, parameters = {}] = ['name', 'execute', 'parameters'].map(field);
  return (
    typeof name === 'string' &&
    NAME.test(name) &&
    typeof execute === 'function' &&
    typeof parameters === 'object' &&
    parameters !== null
  );
}
