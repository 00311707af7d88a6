/**
 * Measures one run for the operator: how long the agent has been silent, how long its code has blocked the event loop,
 * and how long the first text has taken.
 */
import type { Clock } from '../../clock.js';
import type { RunEnd } from '../../../machines/agents/run.machine.js';
import type { RunTally } from './run-tally.js';

/** The measures of one run. */
export class RunWatch {
  private readonly clock: Pick<Clock, 'elapsed'>;
  private readonly tally: RunTally;
  private readonly agent: string;
  private startedMs = 0;
  /** When the wait for the agent's next event began; null while there is no wait. */
  private awaitedMs: number | null = null;
  private hasText = false;

  constructor(clock: Pick<Clock, 'elapsed'>, tally: RunTally, agent: string) {
    this.clock = clock;
    this.tally = tally;
    this.agent = agent;
  }

  /** Notes that the agent begins. */
  begun(): void {
    this.startedMs = this.clock.elapsed();
  }

  /** Time since {@link begun}, in milliseconds. */
  get ms(): number {
    return this.clock.elapsed() - this.startedMs;
  }

  /** How long the run has waited for the agent's next event, in milliseconds: 0 while people or the log are awaited. */
  get silentMs(): number {
    return this.awaitedMs === null ? 0 : this.clock.elapsed() - this.awaitedMs;
  }

  /** Calls the agent for its next event. */
  call<T>(next: () => Promise<T>): Promise<T> {
    const calledMs = this.clock.elapsed();
    this.awaitedMs = calledMs;
    const event = next();
    this.tally.called(this.agent, this.clock.elapsed() - calledMs);
    const came = (): void => {
      this.awaitedMs = null;
    };
    event.then(came, came);
    return event;
  }

  /** Notes that the answer has text. */
  text(): void {
    if (this.hasText) return;
    this.hasText = true;
    this.tally.firstText(this.agent, this.ms);
  }

  /** Notes that the end is decided. */
  ended(end: RunEnd): void {
    this.tally.ended(this.agent, end);
  }
}
