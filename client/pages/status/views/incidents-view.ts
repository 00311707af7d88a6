import { parsedJson } from '../../../sdk/json.js';
import { systemClock } from '../../../sdk/clock.js';
import { counted } from '../../shared/counted.js';
import { byId, element } from '../../shared/element.js';
import { KeyedRows, type Row } from '../../shared/keyed-rows.js';
import { label, tint, write, writeTime } from '../../shared/live-text.js';
import { TabSecret } from '../../shared/tab-secret.js';
import type { AgedReport } from '../report/aged-report.js';
import { readIncidentLines, type ShownLine, type ShownLines } from '../report/incident-lines.js';
import { lineWord } from '../words/part-words.js';

/** Time between two requests for the lines, in milliseconds. */
const POLL_MS = 5_000;

/** A request without an answer is given up after this time, in milliseconds. */
const PATIENCE_MS = 5_000;

/**
 * Shows the warnings and errors of the log. They are for operators: outside development it asks with the API key that
 * was given to this tab, here or on the page of journeys.
 */
export class IncidentsView {
  readonly #note = byId('lines-note', HTMLParagraphElement);
  readonly #nothing = byId('no-lines', HTMLParagraphElement);
  readonly #form = byId('key-form', HTMLFormElement);
  readonly #key = byId('key', HTMLInputElement);
  readonly #error = byId('key-error', HTMLParagraphElement);
  readonly #apiKey = new TabSecret('rollcall.api-key');
  readonly #rows = new KeyedRows<ShownLine>({
    into: byId('lines', HTMLUListElement),
    key: ({ key }) => key,
    make: makeLine
  });
  #needsKey = false;
  #askedAt: number | null = null;

  constructor() {
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      if (this.#key.value === '') return;
      this.#apiKey.give(this.#key.value);
      this.#key.value = '';
      void this.#ask();
    });
  }

  /** Asks for the lines when they are due. */
  show({ report: { environment } }: AgedReport): void {
    const isLocked = environment !== 'development' && this.#apiKey.value === null;
    if (isLocked || this.#needsKey) {
      this.#form.hidden = false;
      if (isLocked && this.#askedAt === null) this.#nothing.hidden = true;
      return;
    }
    const now = systemClock.elapsed();
    if (document.hidden || (this.#askedAt !== null && now - this.#askedAt < POLL_MS)) return;
    void this.#ask();
  }

  async #ask(): Promise<void> {
    this.#askedAt = systemClock.elapsed();
    const headers = new Headers({ accept: 'application/json' });
    const key = this.#apiKey.value;
    try {
      if (key !== null) headers.set('x-api-key', key);
    } catch {
      this.#refused();
      return;
    }
    try {
      const signal = AbortSignal.timeout(PATIENCE_MS);
      const response = await fetch('/api/incidents', { headers, signal, cache: 'no-store' });
      const body = parsedJson(await response.text());
      if (response.status === 401 || response.status === 403) this.#refused();
      else this.#show(readIncidentLines(body));
    } catch {
      // The page says already that the server does not answer.
    }
  }

  #refused(): void {
    write(this.#error, this.#apiKey.value === null ? '' : 'The server does not accept this key.');
    this.#error.hidden = this.#apiKey.value === null;
    this.#apiKey.forget();
    this.#needsKey = true;
    this.#form.hidden = false;
    this.#nothing.hidden = true;
  }

  #show(shown: ShownLines | null): void {
    if (shown === null) return;
    const { lines, more, isCut } = shown;
    this.#needsKey = false;
    this.#form.hidden = true;
    this.#nothing.hidden = lines.length > 0;
    this.#rows.show(lines);
    const rest = more > 0 ? [`${counted(more, 'older line')} not shown`] : [];
    const cut = isCut ? ['the oldest were dropped'] : [];
    write(this.#note, ['since the start, or for a day', ...rest, ...cut].join(' · '));
  }
}

function makeLine(): Row<ShownLine> {
  const level = element('span', { class: 'pill' });
  const time = element('time', { class: 'note' });
  const message = element('p', { class: 'finding-message' });
  const details = element('p', { class: 'note' });
  const runbook = element('a', {}, 'Runbook');
  const more = element('p', { class: 'note finding-more' }, runbook);
  const head = element('div', { class: 'finding-head' }, level, time);
  const root = element('li', {}, head, message, details, more);
  return {
    root,
    fill: (line) => {
      const word = lineWord(line.level);
      tint(root, word.tone);
      label(level, word);
      writeTime(time, line.at);
      write(message, line.message);
      write(details, line.details);
      details.hidden = line.details === '';
      runbook.href = line.runbook;
      more.hidden = line.runbook === '';
    }
  };
}
