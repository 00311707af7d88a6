import { byId } from '../../shared/element.js';
import { counted, number } from '../../shared/counted.js';
import { duration, inTime } from '../../shared/duration.js';
import { label, write } from '../../shared/live-text.js';
import type { AgedReport } from '../report/aged-report.js';
import { sinkWord } from '../words/part-words.js';
import type { SinkReport } from '../report/report.js';

/** Shows how much of the log ClickHouse has stored. */
export class SinkView {
  readonly #nothing = byId('no-sink', HTMLParagraphElement);
  readonly #facts = byId('sink', HTMLDListElement);
  readonly #status = byId('sink-status', HTMLSpanElement);
  readonly #error = byId('sink-error', HTMLParagraphElement);
  readonly #backlog = byId('sink-backlog', HTMLElement);
  readonly #stored = byId('sink-stored', HTMLElement);
  readonly #last = byId('sink-last', HTMLElement);
  readonly #next = byId('sink-next', HTMLElement);

  /** Shows the sink as it is now. */
  show({ report: { sink }, since, passedMs }: AgedReport): void {
    this.#nothing.hidden = sink !== null;
    this.#facts.hidden = sink === null;
    this.#status.hidden = sink === null;
    this.#error.hidden = (sink?.error ?? null) === null;
    if (sink === null) return;
    const { messages, deliveries, transitions, steps, runs } = sink.stored;
    const lastMs = since(sink.lastStoredAt);
    label(this.#status, sinkWord(sink.status));
    write(this.#error, sink.error ?? '');
    write(this.#backlog, backlogText(sink.backlog));
    write(
      this.#stored,
      `${counted(messages, 'message')}, ${number(deliveries)} deliveries, ` +
        `${counted(transitions, 'transition')}, ${counted(steps, 'step')} of readers, ` +
        `${counted(runs, 'run')} of agents in ${number(sink.batches)} batches`
    );
    write(this.#last, lastMs === null ? 'nothing yet' : `${duration(lastMs)} ago`);
    write(
      this.#next,
      sink.nextAttemptMs === null ? 'none planned' : inTime(sink.nextAttemptMs - passedMs)
    );
  }
}

function backlogText(backlog: SinkReport['backlog']): string {
  if (backlog === null) return 'not known: the log cannot be read';
  const { threads, facts, factsDropped, isDiskLow } = backlog;
  if (threads + facts + factsDropped === 0 && !isDiskLow) return 'nothing';
  return [
    `messages of ${counted(threads, 'thread')}, ${counted(facts, 'fact')}`,
    ...(factsDropped > 0 ? [`${counted(factsDropped, 'fact')} dropped for want of room`] : []),
    ...(isDiskLow ? ['the disk is nearly full'] : [])
  ].join('; ');
}
