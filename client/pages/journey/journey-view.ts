import { element } from '../shared/element.js';
import { safeName } from '../../sdk/safe-name.js';
import { number } from '../shared/counted.js';
import { took } from '../shared/duration.js';
import { KeyedRows, type Row } from '../shared/keyed-rows.js';
import { tint, write } from '../shared/live-text.js';
import type { Tone } from '../shared/tone.js';
import type { Journey, Step } from './journey-answer.js';
import { runState } from './run-step-words.js';
import { statusWords, stepWords } from './step-words.js';

/** A journey and the time at which it is shown. */
export interface Moment {
  readonly journey: Journey;
  /** The server's time, Unix milliseconds. */
  readonly now: number;
}

interface StepMoment {
  readonly step: Step;
  readonly journey: Journey;
  readonly now: number;
  /** Milliseconds since the step before it; null where one of the two has no time. */
  readonly gapMs: number | null;
}

/** The line between two steps grows a size at each of these waits, in milliseconds. */
const GAPS_MS = [100, 1_000, 10_000];

/** Drawings beside the words, so that no status is shown by colour alone. */
const GLYPHS: Readonly<Record<Tone, string>> = {
  good: '✓',
  busy: '…',
  warn: '!',
  bad: '✕',
  none: '·'
};

const SOURCES: Readonly<Record<string, readonly [name: string, meaning: string]>> = {
  log: ['log', 'known from the thread log'],
  clickhouse: ['ClickHouse', 'known from ClickHouse'],
  now: ['now', 'as it stands now']
};

const TIME = new Intl.DateTimeFormat('en', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
  hourCycle: 'h23'
});
const DAY = new Intl.DateTimeFormat('en', { dateStyle: 'medium' });

/** The journeys of one message, one below the other, updated in place. */
export class JourneysView {
  readonly #rows: KeyedRows<Moment>;

  constructor(into: HTMLElement) {
    this.#rows = new KeyedRows<Moment>({
      into,
      key: ({ journey }) => `${journey.thread} ${String(journey.offset)}`,
      make: makeJourney
    });
  }

  /** Shows these journeys. */
  show(moments: readonly Moment[]): void {
    this.#rows.show(moments);
  }
}

let nextId = 1;

function makeJourney(): Row<Moment> {
  const id = `journey-${String(nextId++)}`;
  const glyph = element('span', { class: 'glyph', 'aria-hidden': 'true' });
  const title = element('h2', { id });
  const meaning = element('p', { class: 'meaning' });
  const verdict = element(
    'header',
    { class: 'verdict' },
    glyph,
    element('div', {}, title, meaning)
  );
  const facts = element('dl', { class: 'facts' });
  const terms = ['Thread', 'Offset', 'From', 'Kind', 'Size', 'Received', 'Agent'].map((term) => {
    const value = element('dd');
    facts.append(element('div', {}, element('dt', {}, term), value));
    return value;
  });
  const list = element('ol', { class: 'timeline', 'aria-labelledby': id });
  const steps = new KeyedRows<StepMoment>({
    into: list,
    key: ({ step: { step, user, connection, offset } }) =>
      `${step} ${user ?? ''} ${connection ?? ''} ${String(offset ?? '')}`,
    make: makeStep
  });
  const noteList = element('ul');
  const notes = element(
    'section',
    { class: 'notes', 'aria-label': 'What is not known' },
    element('h3', {}, 'What is not known'),
    noteList
  );
  const noteRows = new KeyedRows<string>({
    into: noteList,
    key: (note) => note,
    make: () => {
      const root = element('li');
      return {
        root,
        fill: (note) => {
          write(root, sentence(note));
        }
      };
    }
  });
  const root = element(
    'article',
    { class: 'panel journey', 'aria-labelledby': id },
    verdict,
    facts,
    list,
    notes
  );
  return {
    root,
    fill: ({ journey, now }) => {
      const words = statusWords(journey);
      tint(verdict, words.tone);
      write(glyph, GLYPHS[words.tone]);
      write(title, words.title);
      write(meaning, words.meaning);
      const values = [
        safeName(journey.thread),
        number(journey.offset),
        safeName(journey.author),
        safeName(journey.kind),
        `${number(journey.sizeBytes)} bytes`,
        `${DAY.format(journey.at)}, ${TIME.format(journey.at)}`,
        journey.run === null
          ? 'none'
          : `${safeName(journey.run.agent)}: ${runState(journey.run.state)}`
      ];
      for (const [index, value] of terms.entries()) write(value, values[index] ?? '');
      let before: number | null = null;
      steps.show(
        journey.steps.map((step) => {
          const gapMs = before === null || step.at === null ? null : step.at - before;
          before = step.at ?? before;
          return { step, journey, now, gapMs };
        })
      );
      notes.hidden = journey.notes.length === 0;
      noteRows.show(journey.notes);
    }
  };
}

function makeStep(): Row<StepMoment> {
  const glyph = element('span', { class: 'dot', 'aria-hidden': 'true' });
  const title = element('b', { class: 'step-title' });
  const detail = element('p', { class: 'step-detail' });
  const time = element('time', { class: 'at' });
  const after = element('span', { class: 'after' });
  const source = element('span', { class: 'source' });
  const root = element(
    'li',
    { class: 'step' },
    glyph,
    element('div', { class: 'step-words' }, title, source, detail),
    element('div', { class: 'when' }, time, after)
  );
  return {
    root,
    fill: ({ step, journey, now, gapMs }) => {
      const words = stepWords(step, journey, now);
      tint(root, words.tone);
      root.dataset['gap'] = String(GAPS_MS.filter((ms) => (gapMs ?? 0) >= ms).length);
      write(glyph, GLYPHS[words.tone]);
      write(title, words.title);
      write(detail, words.detail);
      detail.hidden = words.detail === '';
      const [name, meaning] = SOURCES[step.source] ?? [step.source, ''];
      write(source, name);
      source.title = meaning;
      writeWhen(time, after, step);
    }
  };
}

function writeWhen(time: HTMLTimeElement, after: HTMLElement, { at, afterMs, source }: Step): void {
  const iso = at === null ? '' : new Date(at).toISOString();
  if (at === null) time.removeAttribute('datetime');
  else time.dateTime = iso;
  time.title = iso;
  const unknown = source === 'now' ? 'now' : 'time not known';
  write(time, at === null ? unknown : TIME.format(at));
  write(after, afterMs === null || afterMs === 0 ? '' : `+${took(afterMs)}`);
}

function sentence(text: string): string {
  const [first = '', ...rest] = text;
  return `${first.toUpperCase()}${rest.join('')}${/[.!?]$/.test(text) ? '' : '.'}`;
}
