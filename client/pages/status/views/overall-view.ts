import { byId, element } from '../../shared/element.js';
import { duration } from '../../shared/duration.js';
import { KeyedRows } from '../../shared/keyed-rows.js';
import { tint, write, writeTime } from '../../shared/live-text.js';
import type { AgedReport } from '../report/aged-report.js';
import { lastReasons, overall, reasons, silence, waitWords } from '../words/overall.js';
import type { Tone } from '../../shared/tone.js';
import type { Polled } from '../report/poller.js';

/** Most reasons shown; the rest is in the monitor's list. */
const REASONS_MAX = 6;

/** Drawings beside the large words, so that the status is not shown by colour alone. */
const GLYPHS: Readonly<Record<Tone, string>> = {
  good: 'M5 12.5l4.6 4.6L19 7.6',
  warn: 'M12 6.5v7M12 17.2v.3',
  bad: 'M7 7l10 10M17 7L7 17',
  busy: 'M12 6.5V12l3.6 2.4',
  none: 'M7 12h.01M12 12h.01M17 12h.01'
};

/** Shows the overall status in large words at the top, and the reasons for it. */
export class OverallView {
  readonly #card = byId('overall', HTMLElement);
  readonly #glyph = byId('overall-glyph', SVGPathElement);
  readonly #title = byId('overall-title', HTMLHeadingElement);
  readonly #meaning = byId('overall-meaning', HTMLParagraphElement);
  readonly #silence = byId('silence', HTMLParagraphElement);
  readonly #announcement = byId('announcement', HTMLParagraphElement);
  readonly #uptime = byId('uptime', HTMLDListElement);
  readonly #uptimeText = byId('uptime-text', HTMLElement);
  readonly #since = byId('since', HTMLTimeElement);
  readonly #rows = new KeyedRows<{ key: string; text: string }>({
    into: byId('reasons', HTMLUListElement),
    key: ({ key }) => key,
    make: () => {
      const root = element('li');
      return {
        root,
        fill: ({ text }) => {
          write(root, text);
        }
      };
    }
  });

  /** Shows how it stands. */
  show(polled: Polled, aged: AgedReport | null, now: number): void {
    const { tone, title, meaning } = overall(polled);
    tint(this.#card, tone);
    if (this.#glyph.getAttribute('d') !== GLYPHS[tone]) this.#glyph.setAttribute('d', GLYPHS[tone]);
    write(this.#title, title);
    write(this.#meaning, meaning);
    const silent = silence(polled, now);
    write(this.#silence, silent);
    this.#silence.hidden = silent === '';
    // Only this is announced by screen readers: it changes with the status, not every second.
    write(this.#announcement, aged === null && silent === '' ? '' : `${title}. ${meaning}`);
    document.title = `${title} · Rollcall status`;
    // Without an answer it is unknown whether the server is up and what it waits for.
    const current = silent === '' ? aged : null;
    this.#uptime.hidden = current === null;
    if (current !== null) {
      write(this.#uptimeText, duration(current.uptimeMs));
      writeTime(this.#since, current.report.since);
    }
    if (current !== null) this.#rows.show(why(current));
    else this.#rows.show(aged === null ? [] : keyed(lastReasons(aged.report)));
  }
}

function why({ report, passedMs }: AgedReport): { key: string; text: string }[] {
  // A server that is stopping waits for nothing more, even if it still retries something.
  const waits = report.status === 'draining' ? [] : report.waitingFor;
  return [
    ...keyed(reasons(report)),
    ...waits.map((wait) => ({
      key: `wait ${wait.what}`,
      text: waitWords(wait, passedMs)
    }))
  ];
}

/** Returns the first reasons, and a line with the number of the others. */
function keyed(told: readonly string[]): { key: string; text: string }[] {
  const shown = told.slice(0, REASONS_MAX).map((text, index) => ({ key: String(index), text }));
  const more = told.length - shown.length;
  if (more === 0) return shown;
  return [...shown, { key: 'more', text: `${String(more)} more: see the monitor below.` }];
}
