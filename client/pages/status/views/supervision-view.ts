import { byId, element } from '../../shared/element.js';
import { duration, inTime } from '../../shared/duration.js';
import { KeyedRows, type Row } from '../../shared/keyed-rows.js';
import { label, write } from '../../shared/live-text.js';
import type { AgedReport } from '../report/aged-report.js';
import { actionWord } from '../words/part-words.js';
import type { PartReport } from '../report/report.js';

interface PartRow {
  readonly part: PartReport;
  readonly forMs: number | null;
  readonly nextMs: number | null;
}

/** Lists every supervised part and what its supervisor is doing. */
export class SupervisionView {
  readonly #note = byId('supervision-note', HTMLParagraphElement);
  readonly #rows = new KeyedRows<PartRow>({
    into: byId('parts', HTMLTableSectionElement),
    key: ({ part }) => part.service,
    make: makePart
  });

  /** Shows the parts as they are now. */
  show({ report: { supervision }, since, passedMs }: AgedReport): void {
    const unwell = supervision.filter(({ action }) => action !== 'none').length;
    const all = String(supervision.length);
    write(
      this.#note,
      unwell === 0
        ? `all ${all} parts are well`
        : `${String(unwell)} of ${all} parts not up and well`
    );
    this.#rows.show(
      supervision.map((part) => ({
        part,
        forMs: since(part.since),
        nextMs: part.nextAttemptMs === null ? null : part.nextAttemptMs - passedMs
      }))
    );
  }
}

function makePart(): Row<PartRow> {
  const name = element('th', { scope: 'row' });
  const pill = element('span', { class: 'pill' });
  const lasting = element('td', { class: 'lasting' });
  const restarts = element('td', { class: 'number' });
  const why = element('td', { class: 'why' });
  const root = element(
    'tr',
    {},
    name,
    element('td', { class: 'state' }, pill),
    lasting,
    restarts,
    why
  );
  return {
    root,
    fill: ({ part, forMs, nextMs }) => {
      write(name, part.service);
      label(pill, actionWord(part.action));
      write(lasting, forMs === null ? '–' : duration(forMs));
      write(restarts, String(part.restarts));
      const next = nextMs === null ? '' : `started again ${inTime(nextMs)}`;
      write(why, [part.reason ?? '', next].filter((text) => text !== '').join(' – '));
    }
  };
}
