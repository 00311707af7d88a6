/**
 * Translates what happens in a thread into the events of AG-UI. In AG-UI everything is a part of a run, one run follows
 * another, and a run closes all of its parts before it ends.
 */
import type { OpenAsk } from '../../../actors/agents/run-record.js';
import type { ToldRun } from '../../../actors/agents/runs.js';
import type { MessageFrame } from '../../../protocol/frames.js';
import type { RunEntry, RunEvent, ThreadEvent } from '../../chat/runs/run-reader.js';
import { argsIn, askIn, attemptIn, errorIn, resultIn, textIn, usageIn } from './agui-body.js';
import {
  AGUI_VERSION,
  interruptId,
  interruptOf,
  stepId,
  textId,
  type AgUiEvent,
  type AgUiOutcome
} from './agui-event.js';
import { agentOf, agUiHistory, callKey, personMessage, type AgUiHistory } from './agui-history.js';

/** Options of {@link AgUiTranslation}. */
export interface AgUiTranslationOptions {
  readonly thread: string;
  /**
   * What is asked for by a request: one run, as the client names it, and the run of the thread that answers; null when none
   * does. Absent: all of the thread.
   */
  readonly only?: { readonly runId: string; readonly run: string | null };
  /** Reads the newest entries of the thread up to an offset. */
  readonly history: (upTo: number) => readonly MessageFrame[];
}

/** Where a translation begins. */
export interface AgUiStart {
  /** Offset of the newest entry that the client knows, or will know by the snapshot. */
  readonly offset: number;
  /** The entries up to there; null: the client has them, and needs no snapshot. */
  readonly entries: readonly MessageFrame[] | null;
  /** The runs that have not ended. */
  readonly told: readonly ToldRun[];
}

/** How far a run has been told. */
interface RunState {
  readonly run: string;
  agent: string;
  attempt: number;
  /** Characters of the answer that the client has. */
  sent: number;
  /** Part of the answer that is written now; a step ends it. */
  part: number;
  /** Whether that part has any text. */
  hasText: boolean;
  /** Whether the client has anything of this attempt. */
  isShown: boolean;
  isTextOpen: boolean;
  /** Whether the client knows which run it is. */
  isNamed: boolean;
}

/** The events of one stream. */
export class AgUiTranslation {
  private readonly options: AgUiTranslationOptions;
  private readonly states = new Map<string, RunState>();
  private readonly calls = new Map<string, string>();
  /** The AG-UI run that is open: its id, and the run of the thread that it shows, if any. */
  private current: { readonly runId: string; readonly run: string | null } | null = null;
  private waiting: { readonly run: string; readonly ask: OpenAsk } | null = null;
  private offset = 0;
  private hasEnded = false;

  constructor(options: AgUiTranslationOptions) {
    this.options = options;
  }

  /** Whether everything has been told that was asked for. */
  get isOver(): boolean {
    return this.hasEnded;
  }

  /** Whether an AG-UI run is open: the stream must not end here, unless by an error. */
  get isOpen(): boolean {
    return this.current !== null;
  }

  /** Begins with what is there already. */
  *begin({ offset, entries, told }: AgUiStart): Generator<AgUiEvent> {
    this.offset = offset;
    const { only } = this.options;
    const run = only === undefined ? null : only.run;
    const shown = told.filter((one) => only === undefined || one.run === run);
    const atWork = shown.find(({ state }) => state !== 'queued');
    const runId = only?.runId ?? atWork?.run ?? `history:${String(offset)}`;
    yield* this.start(runId, run ?? atWork?.run ?? null);
    const history = entries === null ? null : agUiHistory(entries, told);
    if (history !== null) yield* this.restate(history, shown);
    if (entries === null) return;
    for (const [position, { run: queued, state }] of told.entries()) {
      if (state === 'queued' && queued === run) yield queuedAt(run, position);
    }
    const end = run === null ? undefined : history?.ends.get(run);
    if (atWork?.ask !== undefined) yield* this.interrupt(atWork.run, atWork.ask);
    else if (end !== undefined) yield* this.ended(end);
    else if (only === undefined ? atWork === undefined : run === null) {
      yield* this.finish({ type: 'success' });
    }
  }

  /** Translates what happens. */
  *take(event: ThreadEvent): Generator<AgUiEvent> {
    if (this.hasEnded) return;
    if (event.type === 'text') {
      yield* this.text(event);
      return;
    }
    if (event.type === 'message') yield* this.message(event.message);
    else yield* this.entry(event);
    // Only now: a snapshot that it causes is of what was before.
    this.offset = Math.max(this.offset, event.offset);
  }

  /** Translates a message of a person. */
  private *message(frame: MessageFrame): Generator<AgUiEvent> {
    const message = personMessage(frame);
    if (message === null) return;
    const isAlone = this.current === null;
    if (isAlone) yield* this.start(`message:${message.id}`, null);
    const { id: messageId, name, content } = message;
    yield { type: 'TEXT_MESSAGE_START', messageId, role: 'user', name };
    if (content !== '') yield { type: 'TEXT_MESSAGE_CONTENT', messageId, delta: content };
    yield { type: 'TEXT_MESSAGE_END', messageId };
    if (isAlone) yield* this.rest();
  }

  /** Ends the stream although not everything has been told. */
  *cut(code: string, message: string): Generator<AgUiEvent> {
    if (this.current === null || this.hasEnded) return;
    yield* this.closeTexts();
    yield* this.fail({ code, message });
  }

  private *entry(entry: RunEntry): Generator<AgUiEvent> {
    const { kind, run, body } = entry;
    switch (kind) {
      case 'agent_queued':
        if (this.current?.run === run) yield queuedAt(run, Number(body['position']));
        return;
      case 'agent_started':
        yield* this.enter(run, run);
        yield* this.named(run, agentOf(entry.from), textIn(body, 'inReplyTo'));
        return;
      case 'agent_waiting':
        yield* this.interrupted(run, attemptIn(body), askIn(body));
        return;
      case 'agent_answered':
        if (this.waiting?.run === run) this.waiting = null;
        yield* this.enter(run, interruptId(run, textIn(body, 'ask')));
        return;
      case 'agent_completed':
      case 'agent_failed':
      case 'agent_cancelled':
        // One of the queue, while another run is at work.
        if (this.current !== null && this.current.run !== run) return;
        if (this.waiting?.run === run) this.waiting = null;
        yield* this.enter(run, run);
        yield* this.closeTexts();
        yield* this.ended(entry);
        return;
      default:
        yield* this.step(entry);
    }
  }

  private *step(entry: RunEntry): Generator<AgUiEvent> {
    const { kind, run, body, offset } = entry;
    const state = this.stateOf(run);
    const attempt = attemptIn(body);
    if (attempt < state.attempt) return;
    if (attempt > state.attempt) yield* this.supersede(state, attempt);
    yield* this.enter(run, run);
    yield* this.closeText(state);
    state.isShown = true;
    const id = stepId(run, offset);
    const key = callKey(run, textIn(body, 'call'));
    if (kind === 'agent_thinking') yield* thinking(id, textIn(body, 'text'));
    else if (kind === 'tool_executing') {
      this.calls.set(key, id);
      yield { type: 'TOOL_CALL_START', toolCallId: id, toolCallName: textIn(body, 'tool') };
      yield { type: 'TOOL_CALL_ARGS', toolCallId: id, delta: argsIn(body) };
      yield { type: 'TOOL_CALL_END', toolCallId: id };
    } else if (kind === 'tool_completed') {
      const toolCallId = this.calls.get(key);
      this.calls.delete(key);
      // Its beginning was before the snapshot.
      if (toolCallId === undefined) return;
      const result = resultIn(body);
      yield { type: 'TOOL_CALL_RESULT', messageId: id, toolCallId, role: 'tool', ...result };
    } else if (kind === 'agent_steered') {
      yield { type: 'CUSTOM', name: 'rollcall.steered', value: { run, mid: textIn(body, 'mid') } };
    }
  }

  private *text({
    run,
    attempt,
    at,
    text
  }: Extract<RunEvent, { type: 'text' }>): Generator<AgUiEvent> {
    const state = this.stateOf(run);
    const isNew = attempt !== state.attempt || (at === 0 && text.length < state.sent);
    if (isNew) yield* this.supersede(state, attempt);
    const delta = text.slice(Math.max(0, state.sent - at));
    if (delta === '') return;
    yield* this.enter(run, run);
    const messageId = textId(run, state.attempt, state.part);
    if (!state.isTextOpen) {
      state.isTextOpen = true;
      yield { type: 'TEXT_MESSAGE_START', messageId, role: 'assistant', name: state.agent };
    }
    state.hasText = true;
    state.isShown = true;
    state.sent = at + text.length;
    yield { type: 'TEXT_MESSAGE_CONTENT', messageId, delta };
  }

  /** Takes back an attempt that has failed: a message goes only by a snapshot without it. */
  private *supersede(state: RunState, attempt: number): Generator<AgUiEvent> {
    yield* this.closeText(state);
    const { run, agent, isShown } = state;
    Object.assign(state, { attempt, sent: 0, part: 0, hasText: false, isShown: false });
    const entries = isShown ? this.options.history(this.offset) : null;
    if (entries === null) return;
    yield* this.enter(run, run);
    const { messages } = agUiHistory(entries, [{ run, agent, attempt, text: '' }]);
    yield { type: 'MESSAGES_SNAPSHOT', messages };
  }

  /** Tells the history, and goes on from there. */
  private *restate(history: AgUiHistory, told: readonly ToldRun[]): Generator<AgUiEvent> {
    for (const [key, id] of history.calls) this.calls.set(key, id);
    yield { type: 'MESSAGES_SNAPSHOT', messages: history.messages };
    for (const { run, agent, mid, attempt, text, state } of told) {
      if (state === 'queued' || history.ends.has(run)) continue;
      const known = this.stateOf(run);
      Object.assign(known, { attempt, sent: text.length, hasText: text !== '', isShown: true });
      yield* this.named(run, agent, mid);
    }
  }

  private *named(run: string, agent: string, inReplyTo: string): Generator<AgUiEvent> {
    const state = this.stateOf(run);
    state.agent = agent;
    if (state.isNamed) return;
    state.isNamed = true;
    yield { type: 'CUSTOM', name: 'rollcall.run', value: { run, agent, inReplyTo } };
  }

  /** Makes sure that the AG-UI run of a run is open. */
  private *enter(run: string, runId: string): Generator<AgUiEvent> {
    if (this.current?.run === run) return;
    if (this.current !== null) yield* this.finish({ type: 'success' });
    yield* this.start(runId, run);
  }

  private *start(runId: string, run: string | null): Generator<AgUiEvent> {
    this.current = { runId, run };
    const threadId = this.options.thread;
    yield { type: 'RUN_STARTED', threadId, runId, protocolVersion: AGUI_VERSION };
  }

  private *interrupted(run: string, attempt: number, ask: OpenAsk): Generator<AgUiEvent> {
    const known = this.waiting;
    if (known?.run === run && known.ask.ask === ask.ask) return;
    const state = this.stateOf(run);
    if (attempt > state.attempt) yield* this.supersede(state, attempt);
    yield* this.enter(run, run);
    yield* this.interrupt(run, ask);
  }

  private *interrupt(run: string, ask: OpenAsk): Generator<AgUiEvent> {
    this.waiting = { run, ask };
    yield* this.closeTexts();
    yield* this.rest();
  }

  /** Ends an AG-UI run after which the thread is as it was: idle, or waiting for an answer. */
  private *rest(): Generator<AgUiEvent> {
    const { waiting } = this;
    // A client forgets what it was asked with every run that ends.
    yield* this.finish(
      waiting === null
        ? { type: 'success' }
        : { type: 'interrupt', interrupts: [interruptOf(waiting.run, waiting.ask)] }
    );
  }

  private *ended(entry: RunEntry): Generator<AgUiEvent> {
    const { kind, run, body } = entry;
    this.states.delete(run);
    const usage = usageIn(body);
    if (kind === 'agent_failed') yield* this.fail({ ...errorIn(body), ...usage });
    else {
      const type = kind === 'agent_cancelled' ? 'cancelled' : 'success';
      yield* this.finish({ type }, usage);
    }
  }

  private *finish(
    outcome: AgUiOutcome,
    usage: ReturnType<typeof usageIn> = {}
  ): Generator<AgUiEvent> {
    const { current } = this;
    if (current === null) return;
    yield* this.closeTexts();
    this.close();
    const { runId } = current;
    yield { type: 'RUN_FINISHED', threadId: this.options.thread, runId, outcome, ...usage };
  }

  private *fail(
    why: { readonly code: string; readonly message: string } & ReturnType<typeof usageIn>
  ): Generator<AgUiEvent> {
    this.close();
    yield { type: 'RUN_ERROR', ...why };
  }

  private close(): void {
    this.current = null;
    if (this.options.only !== undefined) this.hasEnded = true;
  }

  private *closeTexts(): Generator<AgUiEvent> {
    for (const state of this.states.values()) yield* this.closeText(state);
  }

  private *closeText(state: RunState): Generator<AgUiEvent> {
    const { run, attempt, part, isTextOpen, hasText } = state;
    if (isTextOpen) yield { type: 'TEXT_MESSAGE_END', messageId: textId(run, attempt, part) };
    state.isTextOpen = false;
    if (!hasText) return;
    state.part++;
    state.hasText = false;
  }

  private stateOf(run: string): RunState {
    const known = this.states.get(run);
    if (known !== undefined) return known;
    const state = {
      run,
      agent: '',
      attempt: 1,
      sent: 0,
      part: 0,
      hasText: false,
      isShown: false,
      isTextOpen: false,
      isNamed: false
    };
    this.states.set(run, state);
    return state;
  }
}

function queuedAt(run: string, position: number): AgUiEvent {
  return { type: 'CUSTOM', name: 'rollcall.queued', value: { run, position } };
}

function* thinking(messageId: string, text: string): Generator<AgUiEvent> {
  yield { type: 'REASONING_START', messageId };
  yield { type: 'REASONING_MESSAGE_START', messageId, role: 'reasoning' };
  if (text !== '') yield { type: 'REASONING_MESSAGE_CONTENT', messageId, delta: text };
  yield { type: 'REASONING_MESSAGE_END', messageId };
  yield { type: 'REASONING_END', messageId };
}
