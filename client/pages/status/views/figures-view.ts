import { byId } from '../../shared/element.js';
import { counted, number } from '../../shared/counted.js';
import { Curve } from './curve.js';
import { write } from '../../shared/live-text.js';
import type { AgedReport } from '../report/aged-report.js';
import type { Report } from '../report/report.js';

/** Final outcomes of a message. `held` only delays it, and an undelivered message may still be delivered. */
const ENDINGS = ['delivered', 'stored', 'delivered_to_user'] as const;

/** Shows figures, each with its curve over the last minutes. */
export class FiguresView {
  readonly #connections = new Tile('connections');
  readonly #messages = new Tile('messages');
  readonly #threads = new Tile('threads');
  readonly #backlog = new Tile('backlog');
  #last: Report | null = null;

  /** Adds the figures of an answer that arrived at `now`. */
  answered(report: Report, now: number): void {
    const last = this.#last;
    this.#last = report;
    const { node, connections, threads } = report;
    if (last !== null && last.node !== node) for (const tile of this.#all) tile.curve.clear();
    this.#connections.curve.add(now, connections.open);
    this.#threads.curve.add(now, threads.active);
    this.#messages.curve.add(now, last?.node === node ? rate(last, report) : null);
    this.#backlog.curve.add(now, backlogOf(report));
  }

  /** Adds that there was no answer at `now`. */
  silent(now: number): void {
    for (const { curve } of this.#all) curve.add(now, null);
  }

  /** Shows the figures of an answer, and the curves up to `now`. */
  show({ report }: AgedReport, now: number): void {
    const { connections, threads, monitor } = report;
    const { open, lagging } = connections;
    this.#connections.show(number(open), `open, ${number(lagging)} lagging`, now);
    const ended = endings(monitor.outcomes);
    this.#messages.show(
      number(this.#messages.curve.latest ?? 0),
      `${number(ended)} since the start`,
      now
    );
    this.#threads.show(
      number(threads.active),
      `${number(threads.test)} test, ${number(threads.waiting)} waiting, ` +
        `${number(threads.undelivered)} undelivered`,
      now
    );
    const behind = backlogOf(report);
    this.#backlog.show(behind === null ? '–' : number(behind), backlogNote(report), now);
  }

  get #all(): readonly Tile[] {
    return [this.#connections, this.#messages, this.#threads, this.#backlog];
  }
}

class Tile {
  readonly curve = new Curve();
  readonly #figure: HTMLElement;
  readonly #note: HTMLElement;
  readonly #line: SVGPathElement;
  readonly #area: SVGPathElement;

  constructor(name: string) {
    this.#figure = byId(name, HTMLElement);
    this.#note = byId(`${name}-note`, HTMLElement);
    this.#line = byId(`${name}-line`, SVGPathElement);
    this.#area = byId(`${name}-area`, SVGPathElement);
  }

  show(figure: string, note: string, now: number): void {
    write(this.#figure, figure);
    write(this.#note, note);
    const { line, area } = this.curve.draw(now);
    this.#line.setAttribute('d', line);
    this.#area.setAttribute('d', area);
  }
}

/** Messages per second between two reports of one process, by that process's clock. */
function rate(before: Report, after: Report): number | null {
  const seconds = (after.uptimeMs - before.uptimeMs) / 1_000;
  if (seconds <= 0) return null;
  const more = endings(after.monitor.outcomes) - endings(before.monitor.outcomes);
  return Math.max(0, more / seconds);
}

function endings(outcomes: ReadonlyMap<string, number>): number {
  return ENDINGS.reduce((sum, outcome) => sum + (outcomes.get(outcome) ?? 0), 0);
}

function backlogOf({ sink }: Report): number | null {
  const backlog = sink?.backlog ?? null;
  return backlog === null ? null : backlog.threads + backlog.facts;
}

function backlogNote({ sink }: Report): string {
  const backlog = sink?.backlog ?? null;
  if (backlog === null) return 'nothing is copied';
  const { threads, facts } = backlog;
  if (threads + facts === 0) return 'it has all that the log has';
  return `${counted(facts, 'fact')}, messages of ${counted(threads, 'thread')}`;
}
