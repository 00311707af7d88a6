/** Collects the tool calls of one streamed completion. Their pieces are mixed, and servers number them differently. */
import { AgentError } from '../agent.js';
import { STEP_CHARS_MAX } from '../run-steps.js';

/** Most calls that a model may ask for at once. */
export const CALLS_MAX = 64;

/** A piece of a call. */
export interface CompletionCallPiece {
  /** Number of the call; null: some servers send none. */
  readonly index: number | null;
  /** Only in the first piece. */
  readonly id: string;
  readonly tool: string;
  readonly args: string;
}

/** A call, when all of its pieces have come. */
export interface CompletionCall {
  /** As the server named it; empty when it did not. */
  readonly id: string;
  readonly tool: string;
  readonly args: string;
}

interface OpenCall extends CompletionCallPiece {
  id: string;
  tool: string;
  args: string;
}

/** The calls of one completion. */
export class CompletionCalls {
  private readonly calls: OpenCall[] = [];

  /** All calls, in the order in which they began. */
  get all(): readonly CompletionCall[] {
    return this.calls;
  }

  /** Takes a piece. @throws {AgentError} `too_large` */
  add(piece: CompletionCallPiece): void {
    const open = this.openFor(piece);
    open.id ||= piece.id;
    // A name that comes again is the same one: some servers repeat it in each piece.
    open.tool ||= piece.tool;
    open.args += piece.args;
    if (this.calls.length > CALLS_MAX || open.args.length > STEP_CHARS_MAX - 1_024) {
      throw new AgentError('too_large', 'the model called too many tools, or with too much');
    }
  }

  private openFor({ index, id, tool }: CompletionCallPiece): OpenCall {
    const same =
      index === null ? this.calls.at(-1) : this.calls.findLast((call) => call.index === index);
    // Some servers number every call 0, or not at all; then a new id or a further name begins the next one.
    const isNext =
      (id !== '' && same?.id !== '' && same?.id !== id) ||
      (index === null && id === '' && tool !== '');
    if (same !== undefined && !isNext) return same;
    const call: OpenCall = { index, id, tool: '', args: '' };
    this.calls.push(call);
    return call;
  }
}
