/** Makes one call of a tool that a model asked for. Whatever is wrong with it becomes an answer for the model. */
import Schema from 'typebox/schema';
import { reasonOf } from '../../../machines/reason.js';
import { AgentError, type RunContext, type ToolResultEvent } from '../agent.js';
import { STEP_CHARS_MAX } from '../run-steps.js';
import type { Tool } from './tool.js';

/** Most characters of a result, as JSON: the entry of the log needs the rest of its bound for the names. */
export const RESULT_CHARS_MAX = STEP_CHARS_MAX - 1_024;

/** Schema of a tool that has none. */
export const NO_PARAMETERS = { type: 'object', properties: {} };

/** A call that a model asks for. */
export interface AskedCall {
  /** Unique in the run. */
  readonly call: string;
  readonly tool: string;
  /** As the model wrote them: JSON, if all is well. */
  readonly args: string;
}

/** Parses arguments; undefined when they are no JSON. None at all are an empty object. */
export function parsedArgs(text: string): unknown {
  if (text.trim() === '') return {};
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Calls the tool and returns the end of the call; never throws. `note` tells the operator why a tool failed.
 */
export async function callTool(
  asked: AskedCall,
  { tools, run, thread, user, message, signal, traceparent }: RunContext,
  note: (reason: string) => void
): Promise<ToolResultEvent> {
  const { call } = asked;
  const failed = (error: string): ToolResultEvent => ({
    type: 'toolResult',
    call,
    ok: false,
    error
  });
  const tool = tools.find(({ name }) => name === asked.tool);
  if (tool === undefined) return failed(`there is no tool ${asked.tool.slice(0, 64)}`);
  const args = parsedArgs(asked.args);
  if (args === undefined) return failed('the arguments are no JSON');
  if (!fits(tool, args)) return failed('the arguments do not fit the schema of the tool');
  try {
    const traced = traceparent === undefined ? {} : { traceparent };
    const context = { run, thread, user, message, signal, call, ...traced };
    const result: unknown = await tool.execute(args, context);
    const json: unknown = JSON.stringify(result ?? null);
    if (typeof json !== 'string') return failed('the tool returned no JSON value');
    if (json.length > RESULT_CHARS_MAX) {
      return failed(`the result has more than ${String(RESULT_CHARS_MAX)} characters`);
    }
    return { type: 'toolResult', call, ok: true, result: JSON.parse(json) };
  } catch (error) {
    if (AgentError.is(error)) return failed(error.message.slice(0, 4_096));
    if (!signal.aborted) note(`the tool ${tool.name} failed: ${reasonOf(error)}`);
    return failed('the tool failed');
  }
}

function fits({ parameters = NO_PARAMETERS }: Tool, args: unknown): boolean {
  try {
    return Schema.Check(parameters, args);
  } catch {
    return false;
  }
}
