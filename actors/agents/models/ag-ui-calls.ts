/** Collects tool calls whose arguments come in pieces; pieces of several calls may be mixed. */
import { AgentError, type AgentEvent } from '../agent.js';
import { STEP_CHARS_MAX } from '../run-steps.js';

/** Most calls with incomplete arguments at once. */
export const OPEN_CALLS_MAX = 64;

/** A piece of a call; the first piece has the tool's name. */
export interface CallPiece {
  /** Id of the call; empty for the call that began last. */
  readonly call: string;
  readonly tool: string | null;
  readonly args: string;
}

interface OpenCall {
  readonly tool: string;
  args: string;
}

/** The calls of one attempt. */
export class AgUiCalls {
  /** Whether there was a call. */
  hasCalled = false;
  private readonly open = new Map<string, OpenCall>();

  /** Takes a piece. @throws {AgentError} `too_large`, or `bad_event` when it belongs to no call */
  add({ call, tool, args }: CallPiece): void {
    if (tool !== null) {
      this.hasCalled = true;
      this.open.set(call, { tool, args: '' });
    }
    const of = call === '' ? [...this.open.values()].at(-1) : this.open.get(call);
    if (of === undefined) throw new AgentError('bad_event', `there is no call ${call}`);
    of.args += args;
    if (of.args.length > STEP_CHARS_MAX || this.open.size > OPEN_CALLS_MAX) {
      throw new AgentError(
        'too_large',
        'there are too many tools, or their arguments are too large'
      );
    }
  }

  /** Yields a call that is complete; without an id, all calls that have begun. */
  *whole(call?: string): Generator<AgentEvent> {
    for (const [id, { tool, args }] of this.open) {
      if (call !== undefined && id !== call) continue;
      this.open.delete(id);
      yield { type: 'toolCall', call: id, tool, args: argsOf(args) };
    }
  }
}

/** Parses the arguments. Text that is not JSON is a mistake of the model and is shown unchanged. */
function argsOf(text: string): unknown {
  if (text === '') return {};
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
