/** The status page: one poller, and the views that show its answers. */
import { parsedJson } from '../../sdk/json.js';
import { systemClock } from '../../sdk/clock.js';
import { byId } from '../shared/element.js';
import { AgentsView } from './views/agents-view.js';
import { FiguresView } from './views/figures-view.js';
import { write, writeTime } from '../shared/live-text.js';
import { agedReportOf, type AgedReport } from './report/aged-report.js';
import { IncidentsView } from './views/incidents-view.js';
import { MonitorView } from './views/monitor-view.js';
import { OverallView } from './views/overall-view.js';
import { statusWords } from './words/overall.js';
import { Poller, type Answer } from './report/poller.js';
import { ServerView } from './views/server-view.js';
import { ServicesView } from './views/services-view.js';
import { SinkView } from './views/sink-view.js';
import { SupervisionView } from './views/supervision-view.js';
import { TimelineView } from './views/timeline-view.js';

/** How often countdowns and ages are updated while the page is visible, in milliseconds. */
const TICK_MS = 500;

class StatusPage {
  readonly #overall = new OverallView();
  readonly #figures = new FiguresView();
  readonly #views: readonly { show(aged: AgedReport): void }[] = [
    new TimelineView(),
    new ServicesView(),
    new SinkView(),
    new SupervisionView(),
    new AgentsView(),
    new MonitorView(),
    new IncidentsView(),
    new ServerView()
  ];
  readonly #page = byId('report', HTMLDivElement);
  readonly #stale = byId('stale', HTMLParagraphElement);
  readonly #answered = byId('answered', HTMLTimeElement);
  readonly #lastStatus = byId('last-status', HTMLElement);
  readonly #poller = new Poller({
    clock: systemClock,
    ask,
    changed: () => {
      this.#heard();
    }
  });

  start(): void {
    document.addEventListener('visibilitychange', () => {
      this.#poller.watch(!document.hidden);
      this.#show();
    });
    window.addEventListener('online', () => {
      this.#poller.askNow();
    });
    setInterval(() => {
      if (!document.hidden) this.#show();
    }, TICK_MS);
    this.#poller.watch(!document.hidden);
    this.#poller.start();
  }

  #heard(): void {
    const { report, failure } = this.#poller.state();
    const now = systemClock.elapsed();
    if (report !== null && failure === null) this.#figures.answered(report, now);
    else this.#figures.silent(now);
    this.#show();
  }

  #show(): void {
    const now = systemClock.elapsed();
    const polled = this.#poller.state();
    const aged = agedReportOf(polled, now);
    this.#overall.show(polled, aged, now);
    this.#page.hidden = aged === null;
    this.#stale.hidden = polled.silentSince === null;
    this.#page.classList.toggle('is-stale', polled.silentSince !== null);
    if (aged === null) return;
    const at = polled.answeredAt;
    writeTime(this.#answered, at === null ? null : Date.now() - (now - at));
    write(this.#lastStatus, statusWords(aged.report).title.toLowerCase());
    for (const view of this.#views) view.show(aged);
    this.#figures.show(aged, now);
  }
}

async function ask(signal: AbortSignal): Promise<Answer> {
  const response = await fetch('/status', {
    signal,
    cache: 'no-store',
    headers: { accept: 'application/json' }
  });
  const text = await response.text();
  return { code: response.status, body: parsedJson(text) };
}

new StatusPage().start();
