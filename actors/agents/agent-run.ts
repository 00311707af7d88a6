/**
 * One run: reads events from the agent's function, writes them to the thread, and ends the run exactly once, whatever
 * the agent does. Each entry has a `mid` made from the run's id, so the log itself refuses a second end or a second
 * answer.
 */
import { createActor, type Actor } from 'xstate';
import { reasonOf } from '../../machines/reason.js';
import { runMachine, type RunEnd } from '../../machines/agents/run.machine.js';
import type { MessageFrame } from '../../protocol/frames.js';
import { AgentError, type Agent, type Answer, type AskEvent, type Usage } from './agent.js';
import { checkedEvent } from './agent-event.js';
import { answerOf, isAnswerOf, isTooLong } from './answer-schema.js';
import { Checkpoint } from './checkpoint.js';
import { Chunks } from './chunks.js';
import { readingOf } from './history/branch.js';
import { openTools } from './history/open-tools.js';
import type { RunPorts, RunRefusal } from './run-ports.js';
import {
  removing,
  replacedBy,
  storing,
  type GivenAnswer,
  type OpenAsk,
  type RunRecord
} from './run-record.js';
import { RunSteps } from './run-steps.js';
import { Steered, steerName } from './requests/steered.js';
import { RunWatch } from './seeing/run-watch.js';
import { RunWriter, STORE_AGAIN_MS, type RunBody } from './run-writer.js';

/** Most attempts of a run. */
export const ATTEMPTS_MAX = 3;

/** Events after which the run yields to the event loop, even when the agent never waits. */
const EVENTS_PER_TURN = 32;

/** A run. */
export class AgentRun {
  readonly actor: Actor<typeof runMachine>;
  /** Messages that came while the run was at work. */
  readonly steered = new Steered();
  private readonly ports: RunPorts;
  private readonly find: () => Agent | null;
  private readonly chunks: Chunks;
  private readonly checkpoint: Checkpoint;
  private readonly writer: RunWriter;
  readonly steps: RunSteps;
  readonly watch: RunWatch;
  private readonly abort = new AbortController();
  private readonly onEnded: () => void;
  private present: RunRecord;
  private text = '';
  private usage: Usage | null = null;
  private attempt = 0;
  private asks = 0;
  private isEnded = false;
  private answered: (answer: Answer) => void = () => undefined;
  private wake: () => void = () => undefined;

  /** `find` returns the agent when the run begins: it may be replaced while the run waits in the queue. */
  constructor(ports: RunPorts, record: RunRecord, find: () => Agent | null, onEnded: () => void) {
    this.ports = ports;
    this.present = record;
    this.find = find;
    this.onEnded = onEnded;
    const { clock, timers, limits, log } = ports;
    this.chunks = new Chunks(clock, (at, text) => {
      const { thread, run } = this.record;
      ports.tell({ thread, run, at, text, attempt: this.attempt });
    });
    this.checkpoint = new Checkpoint(clock, ports.log, record);
    this.writer = new RunWriter({ ...record, clock, log, append: ports.append });
    this.watch = new RunWatch(clock, ports, record);
    this.steps = new RunSteps(this.writer, clock, this.watch, () => {
      ports.onBound('steps');
    });
    this.actor = createActor(runMachine, {
      id: `run:${record.agent}:${record.run}`,
      clock: timers,
      input: {
        run: record.run,
        agent: record.agent,
        thread: record.thread,
        from: record.state === 'waiting' ? 'waiting' : 'queued',
        limitMs: limits.runMs,
        answerMs: Math.max(0, (record.ask?.expiresAt ?? 0) - clock.now())
      }
    });
    this.actor.on('run.overdue', () => {
      ports.onBound('runMs');
      this.fail('timeout', `the agent was not done after ${String(limits.runMs)} ms`);
    });
    this.actor.on('answer.overdue', () => {
      void this.answer(null, null);
    });
    ports.actors.add(this.actor);
    this.actor.start();
  }

  /** Whether the end of the run is decided. From then on, everything that the agent does is ignored. */
  hasEnded(): boolean {
    return this.isEnded;
  }

  /** The run as the log stores it, or will after the write under way. */
  get record(): RunRecord {
    return this.present;
  }

  /** What a new subscriber is told about the run. */
  get told(): { state: 'queued' | 'streaming' | 'waiting'; text: string; attempt: number } {
    const state = this.record.state === 'running' ? 'streaming' : this.record.state;
    return { state, text: this.text, attempt: Math.max(1, this.attempt) };
  }

  /** Begins a run that was queued. */
  begin(): void {
    void this.work(async () => {
      const { run, agent, mid } = this.record;
      const found = this.find();
      if (found === null) {
        this.fail('unknown_agent', `there is no agent ${agent}`);
        return;
      }
      this.present = { ...this.record, state: 'running' };
      this.watch.begun();
      this.actor.send({ type: 'run.begun' });
      const body = { run, agent, inReplyTo: mid, ...replacedBy(this.record) };
      await this.writer.write('start', 'agent_started', body, [storing(this.record)]);
      await this.try(found);
    });
  }

  /** Takes up a run of an earlier process with the text that it has stored, and ends it if it was at work then. */
  restore(text: string, pieces: number): void {
    this.text = text;
    this.checkpoint.restore(pieces);
    if (this.record.state !== 'running') return;
    const { thread, run } = this.record;
    this.steps.restore(openTools(this.ports.log, thread, run));
    this.stop();
  }

  /** Ends the run because the server stops, unless it can go on after a restart. */
  stop(): void {
    if (this.record.state !== 'running') return;
    const message = 'the server stopped while the agent was at work';
    this.end('interrupted', 'agent_failed', { error: { code: 'interrupted', message } });
  }

  /** Cancels the run. `more` goes into the entry of its end. */
  cancel(by: string, more: RunBody = {}): void {
    this.end('cancelled', 'agent_cancelled', { by, ...more });
  }

  /** Keeps a message for the agent to read; its place was reserved with `expect`. */
  steer(message: MessageFrame): void {
    this.steered.arrived(message);
    const { mid } = message;
    void this.work(() => this.writer.write(steerName(mid), 'agent_steered', { mid }));
  }

  /** Writes the run's position in the queue to the thread. */
  queued(position: number): void {
    const body = { position, inReplyTo: this.record.mid, ...replacedBy(this.record) };
    void this.work(() => this.writer.write('queued', 'agent_queued', body));
  }

  /**
   * Answers the open question; `by` is null when nobody answered in time. Resolves to the reason of a refusal, or to
   * null when the answer is stored.
   */
  async answer(by: string | null, value: unknown, ask?: string): Promise<RunRefusal | null> {
    const { ask: open, run } = this.record;
    if (ask !== undefined && this.record.answers.some((given) => given.ask === ask))
      return 'conflict';
    if (open === null || this.hasEnded() || (ask !== undefined && open.ask !== ask))
      return 'not_found';
    if (by !== null && isTooLong(value)) this.ports.onBound('reply');
    if (by !== null && !isAnswerOf(open.schema, value)) return 'bad_frame';
    const given: GivenAnswer = { ask: open.ask, by, value };
    const before = this.record;
    this.present = { ...before, state: 'running', ask: null, answers: [...before.answers, given] };
    const body = { run, ask: open.ask, by, ...(by === null ? { expired: true } : { value }) };
    const stored = await this.writer.once(`answer:${open.ask}`, 'agent_answered', body, [
      storing(this.record)
    ]);
    if (stored !== 'stored') {
      this.present = before;
      if (stored === 'conflict') return 'conflict';
      if (by !== null) return 'unavailable';
      // An expired question has no client that would retry, so retry here.
      await this.pause(STORE_AGAIN_MS);
      return this.answer(by, value, ask);
    }
    this.actor.send({ type: 'run.answered' });
    if (this.attempt === 0) this.resume();
    else this.answered(answerOf(given));
    return null;
  }

  /** Goes on after a restart, once the open question is answered: the agent starts again and gets all answers. */
  private resume(): void {
    this.watch.begun();
    this.attempt = 1;
    void this.work(async () => {
      const agent = this.find();
      if (agent === null) this.fail('unknown_agent', `there is no agent ${this.record.agent}`);
      else await this.try(agent);
    });
  }

  /** Runs the agent's function until the run is over, and again after errors that say when to retry. */
  private async try(agent: Agent): Promise<void> {
    while (!this.hasEnded()) {
      if (this.attempt > 0) {
        this.text = '';
        this.chunks.restart();
        await this.checkpoint.restart();
        if (this.hasEnded()) return;
      }
      this.steps.attempt = ++this.attempt;
      this.asks = 0;
      const failure = await this.attemptOnce(agent);
      if (this.hasEnded() || failure === null) return;
      await this.steps.close('the attempt failed');
      if (this.attempt >= ATTEMPTS_MAX || failure.retryAfterMs === null) {
        this.fail(failure.code, failure.message);
        return;
      }
      await this.pause(failure.retryAfterMs);
      if (this.hasEnded()) return;
      this.actor.send({ type: 'run.retried' });
    }
  }

  private async attemptOnce(agent: Agent): Promise<AgentError | null> {
    const { thread, run, user } = this.record;
    try {
      const context = {
        run,
        thread,
        user,
        ...readingOf(this.ports.log, this.record),
        ...this.watch.traced,
        attempt: this.attempt,
        signal: this.abort.signal,
        steered: () => this.steered.take()
      };
      const generator = this.watch.within(() => agent.run(context));
      let answer: Answer | undefined;
      for (let count = 1; ; count++) {
        const next = await this.next(generator, answer);
        if (next === null || this.hasEnded()) {
          // Not awaited: an agent may never return.
          void Promise.resolve(generator.return(undefined)).catch(() => undefined);
          return null;
        }
        if (next.done === true) break;
        answer = await this.take(next.value);
        if (this.hasEnded()) continue;
        if (count % EVENTS_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      await this.complete();
      return null;
    } catch (error) {
      if (this.hasEnded()) return null;
      if (AgentError.is(error)) return error;
      this.ports.onFault(agent.name, thread, reasonOf(error));
      return new AgentError('agent_error', `the agent ${agent.name} failed`);
    }
  }

  /** Resolves to the agent's next event; null when the run is over first. */
  private next(
    generator: AsyncGenerator<unknown, void, Answer | undefined>,
    answer: Answer | undefined
  ): Promise<IteratorResult<unknown, void> | null> {
    return new Promise((resolve, reject) => {
      this.wake = () => {
        resolve(null);
      };
      this.watch.call(() => generator.next(answer)).then(resolve, reject);
    });
  }

  private async take(value: unknown): Promise<Answer | undefined> {
    const event = checkedEvent(value);
    if (event.type === 'text') {
      this.addText(event.text);
      return undefined;
    }
    if (event.type === 'usage') {
      const { type: _, ...usage } = event;
      this.usage = usage;
      return undefined;
    }
    this.chunks.flush();
    if (event.type === 'ask') return this.ask(event);
    await this.steps.take(event);
    return undefined;
  }

  private addText(text: string): void {
    const { answerChars } = this.ports.limits;
    if (this.text.length + text.length > answerChars) {
      this.ports.onBound('answerChars');
      throw new AgentError('too_long', `an answer has at most ${String(answerChars)} characters`);
    }
    this.text += text;
    this.watch.text();
    this.chunks.add(text);
    this.checkpoint.note(this.text);
  }

  private async ask({ prompt, schema, withinMs }: AskEvent): Promise<Answer> {
    const { clock, limits } = this.ports;
    const ask = `a${String(++this.asks)}`;
    const given = this.record.answers.find((one) => one.ask === ask);
    if (given !== undefined) return answerOf(given);
    this.steps.note();
    const answerMs = Math.min(withinMs ?? limits.askMs, limits.askMs);
    const expiresAt = clock.now() + answerMs;
    const open: OpenAsk = { ask, prompt, schema: schema ?? null, expiresAt };
    const answer = new Promise<Answer>((resolve) => {
      this.answered = resolve;
      this.wake = () => {
        resolve({ isAnswered: false });
      };
    });
    this.present = { ...this.record, state: 'waiting', ask: open };
    this.actor.send({ type: 'run.asked', answerMs });
    const body = { run: this.record.run, ...open, ...this.steps.ofAttempt };
    // A question may stand for days, and what was said before it belongs to it.
    this.checkpoint.flush();
    await this.writer.write(`ask:${ask}`, 'agent_waiting', body, [storing(this.record)]);
    return answer;
  }

  private async complete(): Promise<void> {
    await this.steps.close('the agent ended without its result');
    this.end('completed', 'agent_completed');
  }

  private fail(code: string, message: string): void {
    this.end('failed', 'agent_failed', { error: { code, message } });
  }

  /** Decides the end of the run and stores it, after the ends of its tools. */
  private end(end: RunEnd, kind: string, more: RunBody = {}): void {
    if (this.isEnded) return;
    this.isEnded = true;
    this.watch.ended(end);
    this.actor.send({ type: 'run.ended', end });
    this.chunks.flush();
    const { times } = this.watch;
    this.ports.onEnd(this.record.run);
    this.watch.within(() => {
      this.abort.abort();
    });
    this.wake();
    void this.work(async () => {
      await this.checkpoint.stop();
      await this.steps.close('the run ended first');
      const { run, mid, user } = this.record;
      const about = { inReplyTo: mid, user, ...times };
      const usage = this.usage === null ? {} : { usage: this.usage };
      const attempt = this.attempt > 1 ? { attempt: this.attempt } : {};
      const body = { run, text: this.text, ...about, ...more, ...usage, ...attempt };
      await this.writer.write('end', kind, body, removing(run, this.checkpoint.pieces));
      this.actor.send({ type: 'run.stored' });
      this.onEnded();
    });
  }

  /** Resolves after a time, or as soon as the run is over. */
  private pause(ms: number): Promise<void> {
    const { clock } = this.ports;
    return new Promise((resolve) => {
      const timer: unknown = clock.setTimeout(resolve, ms);
      this.wake = () => {
        clock.clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Does work that fails only by a fault of the server. Such a failure is noted, and the run fails. */
  private async work(run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      this.ports.onFault(this.record.agent, this.record.thread, reasonOf(error));
      this.fail('internal', 'the server failed');
    }
  }
}
