/**
 * Turns the stream of an AG-UI agent, read over HTTP, into a run: `agUi('https://agents.example/order')`.
 * @see https://docs.ag-ui.com/concepts/events
 */
import { systemClock, type Clock } from '../../clock.js';
import { AgentError, type AgentEvent, type Answer, type RunContext } from '../agent.js';
import { agUiEvent, type AgUiEvent, type AgUiInterrupt } from './ag-ui-event.js';
import { AgUiCalls } from './ag-ui-calls.js';
import { chatMessages } from './chat-messages.js';
import { Provider } from './provider.js';
import { Thoughts } from './thoughts.js';

/** Most entries of the thread that are searched for messages. */
const ENTRIES_MAX = 500;

/** Options of {@link agUi}. */
export interface AgUiOptions {
  /** Sent as a bearer token. */
  readonly key?: string;
  /** Most characters of the thread that the agent is given. Default 60,000. */
  readonly historyChars?: number;
  /** Longest time without an event, in milliseconds. Default 120,000; values above 300,000 have no effect. */
  readonly stallMs?: number;
  /** Tells the operator why the agent gave no answer; the text never contains the key. */
  readonly note?: (reason: string) => void;
  readonly clock?: Clock;
  /** Returns a random number in [0, 1). */
  readonly random?: () => number;
}

/** An answer to an interrupt, as AG-UI has it. */
interface Resume {
  readonly interruptId: string;
  readonly status: 'resolved' | 'cancelled';
  readonly payload?: unknown;
}

/**
 * Returns the function of an agent, for `defineAgent`. An interrupt becomes a question, and the answer starts a new
 * AG-UI run with `resume`. After a tool call there is no automatic retry, since the tool's effects are unknown.
 */
export function agUi(
  url: string,
  options: AgUiOptions = {}
): (context: RunContext) => AsyncGenerator<AgentEvent, void, Answer | undefined> {
  const clock = options.clock ?? systemClock;
  const provider = new Provider({
    clock,
    random: options.random ?? Math.random,
    url: new URL(url),
    key: options.key,
    stallMs: options.stallMs ?? 120_000,
    note: options.note ?? (() => undefined)
  });

  return async function* (context) {
    const history = context.history(ENTRIES_MAX);
    const chars = options.historyChars ?? 60_000;
    const messages = chatMessages(history, context.message, chars).map((message, index) => ({
      id: `${context.run}:${String(index)}`,
      ...message
    }));
    const input = { threadId: context.thread, messages, tools: [], context: [], state: {} };
    const reading = new Reading(provider, clock, context);
    let resume: Resume[] = [];
    for (let round = 1; ; round++) {
      const runId = `${context.run}:${String(context.attempt)}:${String(round)}`;
      yield* reading.read({ ...input, runId, ...(round === 1 ? {} : { resume }) });
      if (reading.interrupts.length === 0) return;
      resume = [];
      for (const { id, prompt, schema } of reading.interrupts) {
        const answer = yield { type: 'ask', prompt, ...(schema === null ? {} : { schema }) };
        if (answer?.isAnswered === true) {
          resume.push({ interruptId: id, status: 'resolved', payload: answer.value });
        } else resume.push({ interruptId: id, status: 'cancelled' });
      }
    }
  };
}

/** Reads the streams of one attempt. */
class Reading {
  /** What the last stream ended with that people must answer. */
  interrupts: readonly AgUiInterrupt[] = [];
  private readonly provider: Provider;
  private readonly context: RunContext;
  private readonly thoughts: Thoughts;
  private readonly calls = new AgUiCalls();
  private hasText = false;
  private isFinished = false;

  constructor(provider: Provider, clock: Clock, context: RunContext) {
    this.provider = provider;
    this.context = context;
    this.thoughts = new Thoughts(clock);
  }

  async *read(body: unknown): AsyncGenerator<AgentEvent, void> {
    const { signal, attempt, traceparent } = this.context;
    const isComplete = (): boolean => this.isFinished;
    this.isFinished = false;
    this.interrupts = [];
    try {
      for await (const data of this.provider.ask({
        body,
        signal,
        attempt,
        isComplete,
        traceparent
      })) {
        const event = agUiEvent(data);
        if (event === null) throw this.provider.cut(attempt, 'an event is none of AG-UI');
        yield* this.take(event);
        if (isComplete()) break;
      }
      yield* this.thoughts.rest();
      if (!isComplete()) throw this.provider.cut(attempt, 'it ended before its run had');
    } catch (error) {
      const isSafe = !this.calls.hasCalled || !AgentError.is(error) || error.retryAfterMs === null;
      throw isSafe ? error : new AgentError(error.code, error.message);
    }
  }

  private *take(event: AgUiEvent): Generator<AgentEvent> {
    if (event.type === 'thinking') {
      yield* this.thoughts.add(event.text);
      return;
    }
    yield* this.thoughts.rest();
    if (event.type === 'other') return;
    if (event.type === 'called') yield* this.calls.whole(event.call);
    else if (event.type !== 'args') yield* this.calls.whole();
    if (event.type === 'message' && this.hasText) yield '\n\n';
    else if (event.type === 'text' && event.text !== '') {
      this.hasText = true;
      yield event.text;
    } else if (event.type === 'args') this.calls.add(event);
    else if (event.type === 'result') {
      yield { type: 'toolResult', call: event.call, ok: true, result: event.result };
    } else if (event.type === 'error') {
      const { code, message } = this.provider.failed(1, event.said);
      throw new AgentError(code, message);
    } else if (event.type === 'finished') {
      if (event.usage !== null) yield event.usage;
      if (event.isCancelled) throw new AgentError('stopped', 'the agent was stopped elsewhere');
      this.interrupts = event.interrupts;
      this.isFinished = true;
    }
  }
}
