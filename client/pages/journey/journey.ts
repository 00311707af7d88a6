/** The journey page: reads the message from its address, asks the server about it, and shows the answer. */
import { systemClock } from '../../sdk/clock.js';
import { parsedJson } from '../../sdk/json.js';
import { askFacts } from '../shared/server-facts.js';
import { byId } from '../shared/element.js';
import { TabSecret } from '../shared/tab-secret.js';
import { duration } from '../shared/duration.js';
import { write } from '../shared/live-text.js';
import { Asker, type Asked, type HttpAnswer, type Outcome, type Subject } from './asker.js';
import { JourneysView } from './journey-view.js';
import { statusWords } from './step-words.js';

/** How often texts that count seconds are updated, in milliseconds. */
const TICK_MS = 500;

/** What cannot be told, in plain words. */
const MESSAGES: Readonly<
  Record<Exclude<Outcome['kind'], 'idle' | 'asking' | 'told' | 'locked'>, readonly string[]>
> = {
  off: [
    'The server tells this to nobody',
    'It has no API key, and without one it answers only in development. Set API_KEY and start it again.'
  ],
  missing: ['No such message', ''],
  refused: ['This cannot be asked', ''],
  away: ['No answer for now', '']
};

class JourneyPage {
  readonly #form = byId('ask', HTMLFormElement);
  readonly #mid = byId('mid', HTMLInputElement);
  readonly #thread = byId('thread', HTMLInputElement);
  readonly #keyForm = byId('key-form', HTMLFormElement);
  readonly #key = byId('key', HTMLInputElement);
  readonly #keyError = byId('key-error', HTMLParagraphElement);
  readonly #message = byId('message', HTMLElement);
  readonly #messageTitle = byId('message-title', HTMLHeadingElement);
  readonly #messageText = byId('message-text', HTMLParagraphElement);
  readonly #live = byId('live', HTMLDivElement);
  readonly #pulse = byId('pulse', HTMLSpanElement);
  readonly #liveText = byId('live-text', HTMLSpanElement);
  readonly #again = byId('again', HTMLButtonElement);
  readonly #announcement = byId('announcement', HTMLParagraphElement);
  readonly #journeys = new JourneysView(byId('journeys', HTMLDivElement));
  readonly #apiKey = new TabSecret('rollcall.api-key');
  readonly #asker = new Asker({
    clock: systemClock,
    ask: (subject, signal) => ask(subject, this.#apiKey.value, signal),
    changed: () => {
      this.#show();
    }
  });

  start(): void {
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      const subject = { mid: this.#mid.value, thread: this.#thread.value.trim() };
      history.pushState(null, '', `/journey.html?${queryOf(subject)}`);
      this.#asker.about(subject);
    });
    this.#keyForm.addEventListener('submit', (event) => {
      event.preventDefault();
      if (this.#key.value === '') return;
      this.#apiKey.give(this.#key.value);
      this.#key.value = '';
      this.#asker.again();
    });
    this.#again.addEventListener('click', () => {
      this.#asker.again();
    });
    // Also for another fragment: a key may be handed to a page that is open.
    window.addEventListener('popstate', () => {
      this.#apiKey.takeHanded();
      this.#open();
    });
    window.addEventListener('online', () => {
      this.#asker.again();
    });
    document.addEventListener('visibilitychange', () => {
      this.#asker.watch(!document.hidden);
    });
    void askFacts().then(({ hasInspector }) => {
      byId('inspector', HTMLAnchorElement).hidden = !hasInspector;
    });
    setInterval(() => {
      if (!document.hidden) this.#show();
    }, TICK_MS);
    this.#apiKey.takeHanded();
    this.#open();
  }

  /** Asks about the message in the page's address. */
  #open(): void {
    const query = new URLSearchParams(location.search);
    const subject = { mid: query.get('mid') ?? '', thread: query.get('thread') ?? '' };
    this.#mid.value = subject.mid;
    this.#thread.value = subject.thread;
    this.#asker.about(subject);
    if (subject.mid === '') this.#mid.focus();
  }

  #show(): void {
    const asked = this.#asker.state();
    const { outcome, answer } = asked;
    this.#showKey(outcome);
    this.#showMessage(outcome);
    this.#showLive(asked);
    const now = this.#serverNow(asked);
    this.#journeys.show(answer?.journeys.map((journey) => ({ journey, now })) ?? []);
    write(this.#announcement, announced(asked));
    document.title = titleOf(asked);
  }

  /** The server's time, because the clock of this device may be wrong. */
  #serverNow({ answer, answeredAt, outcome }: Asked): number {
    if (answer === null || answeredAt === null) return systemClock.now();
    // What has happened since nobody knows: nothing is counted down.
    if (outcome.kind === 'away') return answer.now;
    return answer.now + Math.max(0, systemClock.elapsed() - answeredAt);
  }

  #showKey(outcome: Outcome): void {
    const isLocked = outcome.kind === 'locked';
    const wasHidden = this.#keyForm.hidden;
    this.#keyForm.hidden = !isLocked;
    const isWrong = isLocked && this.#apiKey.value !== null;
    write(this.#keyError, isWrong ? 'The key that this tab had is not the server’s.' : '');
    this.#keyError.hidden = !isWrong;
    if (isLocked && wasHidden) this.#key.focus();
  }

  #showMessage(outcome: Outcome): void {
    const { kind } = outcome;
    const isShown = kind === 'off' || kind === 'missing' || kind === 'refused' || kind === 'away';
    this.#message.hidden = !isShown;
    if (!isShown) return;
    const [title = '', text = ''] = MESSAGES[kind];
    this.#message.dataset['tone'] = kind === 'missing' ? 'warn' : 'bad';
    write(this.#messageTitle, title);
    write(this.#messageText, text === '' ? sentence(outcome.detail) : text);
  }

  #showLive(asked: Asked): void {
    const { answer, answeredAt, isLive, outcome } = asked;
    this.#live.hidden = answer === null && outcome.kind !== 'asking' && outcome.kind !== 'away';
    this.#pulse.classList.toggle('is-live', isLive || outcome.kind === 'asking');
    this.#again.hidden = outcome.kind === 'asking';
    const age = answeredAt === null ? 0 : systemClock.elapsed() - answeredAt;
    write(this.#liveText, liveWords(asked, age));
  }
}

function liveWords({ answer, isLive, outcome }: Asked, ageMs: number): string {
  if (outcome.kind === 'asking') return 'Asking…';
  if (outcome.kind === 'away') {
    return answer === null
      ? 'Trying again by itself.'
      : `Trying again by itself. Below is how it stood ${duration(ageMs)} ago.`;
  }
  if (answer !== null && isLive) {
    return 'Something is outstanding: this looks again every two seconds.';
  }
  const more = answer?.hasMore === true ? ' More threads have this mid: name one.' : '';
  return `Nothing is outstanding. Looked ${duration(ageMs)} ago.${more}`;
}

/** Text for screen readers. It changes with the status, not every second. */
function announced({ outcome, answer }: Asked): string {
  switch (outcome.kind) {
    case 'idle':
    case 'asking':
      return '';
    case 'told':
      return (answer?.journeys ?? [])
        .map((journey) => {
          const { title, meaning } = statusWords(journey);
          return `${title}. ${meaning}`;
        })
        .join(' ');
    case 'locked':
      return 'The server asks for its API key.';
    default: {
      const [title = ''] = MESSAGES[outcome.kind];
      return `${title}. ${sentence(outcome.detail)}`;
    }
  }
}

function titleOf({ answer }: Asked): string {
  const [first] = answer?.journeys ?? [];
  const status = first === undefined ? 'Journey of a message' : statusWords(first).title;
  return `${status} · Rollcall`;
}

function queryOf({ mid, thread }: Subject): string {
  const query = new URLSearchParams({ mid });
  if (thread !== '') query.set('thread', thread);
  return query.toString();
}

async function ask(subject: Subject, key: string | null, signal: AbortSignal): Promise<HttpAnswer> {
  const headers = new Headers({ accept: 'application/json' });
  try {
    if (key !== null) headers.set('x-api-key', key);
  } catch {
    // A header cannot hold such a key, so no server can have it.
    return { code: 401, body: null };
  }
  // A query, not a path: browsers remove `.` and `..` from a path, and many proxies decode a slash.
  const response = await fetch(`/api/journey?${queryOf(subject)}`, {
    signal,
    cache: 'no-store',
    headers
  });
  return { code: response.status, body: parsedJson(await response.text()) };
}

function sentence(text: string): string {
  const [first = '', ...rest] = text;
  return text === '' ? '' : `${first.toUpperCase()}${rest.join('')}.`;
}

new JourneyPage().start();
