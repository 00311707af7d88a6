/**
 * What the page shows of a run beyond the SDK's `Run`: its questions with their answers, its place in the queue, and
 * what came in between. Pure: the same entries give the same notes, in any order, and damaged ones change nothing.
 */
import { runOf, type MessageFrame } from '../../../sdk/client.js';
import { isRecord } from '../../../sdk/json.js';

/** Most questions of a run that are shown, and most messages that it was given; later ones are left out. */
export const NOTES_MAX = 100;

/** A question of a run, and what became of it. */
export interface AskNote {
  readonly ask: string;
  readonly prompt: string;
  /** Offset of the question; of the answer while the question is not known. */
  readonly offset: number;
  /** Null while it waits. `by` is null when nobody answered in time. */
  readonly answer: { readonly by: string | null; readonly value: unknown } | null;
}

/** The notes of one run. Immutable. */
export interface RunNotes {
  /** In the order of the log. */
  readonly asks: readonly AskNote[];
  /** Whether it had to wait for another run. */
  readonly wasQueued: boolean;
  /** `mid` of the messages that it was given while it was at work. */
  readonly steered: readonly string[];
  /** Whether a newer message has stopped it. */
  readonly isInterrupted: boolean;
}

/** The notes of a run of which nothing is known. */
export const NO_NOTES: RunNotes = {
  asks: [],
  wasQueued: false,
  steered: [],
  isInterrupted: false
};

/** Returns the notes after an entry of the run, and the same object when the entry changes nothing. */
export function foldNotes(notes: RunNotes, message: MessageFrame): RunNotes {
  const { kind, body, offset } = message;
  if (runOf(message) === null || !isRecord(body)) return notes;
  if (kind === 'agent_queued') return notes.wasQueued ? notes : { ...notes, wasQueued: true };
  if (kind === 'agent_steered') return withSteered(notes, body['mid']);
  if (kind === 'agent_cancelled') {
    const isInterrupted = typeof body['interruptedBy'] === 'string';
    return isInterrupted === notes.isInterrupted ? notes : { ...notes, isInterrupted };
  }
  const { ask, prompt, by, value } = body;
  if (typeof ask !== 'string') return notes;
  if (kind === 'agent_waiting') {
    const words = typeof prompt === 'string' ? prompt : '';
    if (notes.asks.some((one) => one.ask === ask && one.offset === offset)) return notes;
    return withAsk(notes, ask, (known) => ({
      ask,
      prompt: words,
      offset,
      answer: known?.answer ?? null
    }));
  }
  const isAnswered = notes.asks.some((one) => one.ask === ask && one.answer !== null);
  if (kind !== 'agent_answered' || isAnswered) return notes;
  return withAsk(notes, ask, (known) => ({
    ask,
    prompt: known?.prompt ?? '',
    offset: known?.offset ?? offset,
    answer: { by: typeof by === 'string' ? by : null, value }
  }));
}

function withSteered(notes: RunNotes, mid: unknown): RunNotes {
  const { steered } = notes;
  if (typeof mid !== 'string' || steered.includes(mid) || steered.length >= NOTES_MAX) return notes;
  return { ...notes, steered: [...steered, mid] };
}

function withAsk(
  notes: RunNotes,
  ask: string,
  next: (known: AskNote | undefined) => AskNote
): RunNotes {
  const known = notes.asks.find((one) => one.ask === ask);
  if (known === undefined && notes.asks.length >= NOTES_MAX) return notes;
  const others = notes.asks.filter((one) => one !== known);
  const asks = [...others, next(known)].sort((one, other) => one.offset - other.offset);
  return { ...notes, asks };
}
