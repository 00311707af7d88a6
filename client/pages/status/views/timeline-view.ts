import { byId, element } from '../../shared/element.js';
import { took } from '../../shared/duration.js';
import { KeyedRows, type Row } from '../../shared/keyed-rows.js';
import { label, tint, write } from '../../shared/live-text.js';
import type { AgedReport } from '../report/aged-report.js';
import { phaseContent, phaseWord } from '../words/part-words.js';
import { startupCause } from '../words/overall.js';
import type { PhaseReport } from '../report/report.js';
import { lasted, layOut, type Bar, type Tick } from './timeline.js';

/** A mark beyond this point has no room for its text. */
const LATE_PERCENT = 90;

interface PhaseRow {
  readonly phase: PhaseReport;
  readonly bar: Bar | undefined;
  readonly lastedMs: number | null;
}

/** Shows the startup as a table of its phases, with a bar in each row. */
export class TimelineView {
  readonly #note = byId('startup-note', HTMLParagraphElement);
  readonly #cause = byId('startup-cause', HTMLParagraphElement);
  readonly #rows = new KeyedRows<PhaseRow>({
    into: byId('phases', HTMLTableSectionElement),
    key: ({ phase }) => phase.name,
    make: makePhase
  });
  readonly #ticks = new KeyedRows<Tick>({
    into: byId('axis', HTMLSpanElement),
    key: ({ atMs }) => String(atMs),
    make: () => {
      const root = element('span', { class: 'tick' });
      return {
        root,
        fill: ({ atMs, leftPercent }) => {
          write(root, atMs === 0 ? '0' : took(atMs));
          root.classList.toggle('is-late', leftPercent > LATE_PERCENT);
          root.style.insetInlineStart = `${String(leftPercent)}%`;
        }
      };
    }
  });

  /** Shows the phases as they are now. */
  show({ report, uptimeMs }: AgedReport): void {
    const { startup } = report;
    const cause = startupCause(report);
    write(this.#cause, cause);
    this.#cause.hidden = cause === '';
    const { bars, ticks } = layOut(startup.phases, uptimeMs);
    this.#ticks.show(ticks);
    this.#rows.show(
      startup.phases.map((phase) => ({
        phase,
        bar: bars.get(phase.name),
        lastedMs: lasted(phase, uptimeMs)
      }))
    );
    const { complete, tookMs } = startup;
    write(
      this.#note,
      complete && tookMs !== null ? `serving after ${took(tookMs)}` : 'not serving yet'
    );
  }
}

function makePhase(): Row<PhaseRow> {
  const name = element('span', { class: 'phase-name' });
  const content = element('span', { class: 'note' });
  const state = element('span', { class: 'phase-state' });
  const bar = element('span', { class: 'bar', 'aria-hidden': 'true' });
  const began = element('td', { class: 'number' });
  const lasting = element('td', { class: 'number' });
  const root = element(
    'tr',
    {},
    element('th', { scope: 'row' }, name, content),
    element('td', { class: 'bar-cell' }, bar, state),
    began,
    lasting
  );
  return {
    root,
    fill: (row) => {
      const { phase, lastedMs } = row;
      const word = phaseWord(phase.status);
      write(name, phase.name);
      write(content, phaseContent(phase.name));
      label(state, word);
      state.classList.toggle('unseen', phase.status === 'done' || phase.status === 'running');
      tint(bar, word.tone);
      bar.hidden = row.bar === undefined;
      // Set through the object model, because the page's security policy forbids style attributes.
      bar.style.insetInlineStart = `${String(row.bar?.leftPercent ?? 0)}%`;
      bar.style.inlineSize = `${String(row.bar?.widthPercent ?? 0)}%`;
      write(began, phase.startedAtMs === null ? '–' : took(phase.startedAtMs));
      write(lasting, lastedMs === null ? '–' : took(lastedMs));
    }
  };
}
