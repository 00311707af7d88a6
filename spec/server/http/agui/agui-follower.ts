import { parseMessageFrame } from '../../../../protocol/message-frame.js';
import type { MessageFrame } from '../../../../protocol/frames.js';
import { RunReader } from '../../../../server/chat/runs/run-reader.js';
import type { AgUiEvent } from '../../../../server/http/agui/agui-event.js';
import {
  AgUiTranslation,
  type AgUiTranslationOptions
} from '../../../../server/http/agui/agui-translation.js';
import type { Played } from '../../chat/runs/histories.js';

/** The entries of the thread up to an offset. */
export function entriesOf({ ports }: Played, upTo = Infinity): MessageFrame[] {
  return ports.log
    .read('t', 0, 10_000, 1e9)
    .flatMap(({ frame }) => parseMessageFrame(frame) ?? [])
    .filter(({ offset }) => offset <= upTo);
}

/** The translation of what happens, from where it is made. */
export class Follower {
  readonly events: AgUiEvent[] = [];
  readonly translation: AgUiTranslation;
  private readonly reader: RunReader;
  private readonly most: number;

  /**
   * `only`: the run that is followed. `after`: the offset of the message that the client has just sent; without it the
   * client gets a snapshot. It takes nothing more as soon as it has `most` events.
   */
  constructor(
    played: Played,
    { only, after }: { readonly only?: string | null; readonly after?: number } = {},
    most = Infinity
  ) {
    const last = played.ports.log.head('t')?.last ?? 0;
    const offset = after ?? last;
    const options: AgUiTranslationOptions = {
      thread: 't',
      history: (upTo) => entriesOf(played, upTo)
    };
    this.most = most;
    this.reader = new RunReader(played.ports, 't', { after: offset }, only ?? null);
    this.translation = new AgUiTranslation(
      only === undefined ? options : { ...options, only: { runId: 'asked', run: only } }
    );
    const entries = after === undefined ? entriesOf(played) : null;
    const told = played.ports.runs.of('t');
    for (const event of this.translation.begin({ offset, entries, told })) this.add(event);
  }

  get isFull(): boolean {
    return this.events.length >= this.most;
  }

  /** Whether it has ended with a question. */
  get hasAsked(): boolean {
    const last = this.events.at(-1);
    return last?.type === 'RUN_FINISHED' && last.outcome.type === 'interrupt';
  }

  /** Takes what is new. */
  pull(): void {
    while (!this.isFull && !this.translation.isOver) {
      const event = this.reader.nextOfThread();
      if (event === null) return;
      for (const translated of this.translation.take(event)) this.add(translated);
    }
  }

  private add(event: AgUiEvent): void {
    if (!this.isFull) this.events.push(event);
  }
}
