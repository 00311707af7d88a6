import { byId, element } from '../../shared/element.js';
import { duration, inTime } from '../../shared/duration.js';
import { KeyedRows, type Row } from '../../shared/keyed-rows.js';
import { label, write } from '../../shared/live-text.js';
import type { AgedReport } from '../report/aged-report.js';
import { modeText, serviceWord } from '../words/part-words.js';
import type { ServiceReport } from '../report/report.js';

interface ServiceRow {
  readonly service: ServiceReport;
  readonly forMs: number | null;
  readonly nextMs: number | null;
}

/** Shows the services outside the server that it uses: ClickHouse. */
export class ServicesView {
  readonly #nothing = byId('no-services', HTMLParagraphElement);
  readonly #rows = new KeyedRows<ServiceRow>({
    into: byId('services', HTMLUListElement),
    key: ({ service }) => service.service,
    make: makeService
  });

  /** Shows the services as they are now. */
  show({ report: { services }, since, passedMs }: AgedReport): void {
    this.#nothing.hidden = services.length > 0;
    this.#rows.show(
      services.map((service) => ({
        service,
        forMs: since(service.since),
        nextMs: service.nextAttemptMs === null ? null : service.nextAttemptMs - passedMs
      }))
    );
  }
}

function makeService(): Row<ServiceRow> {
  const name = element('h3');
  const pill = element('span', { class: 'pill' });
  const kind = element('p', { class: 'note' });
  const error = element('p', { class: 'fault' });
  const lasting = element('dd');
  const restarts = element('dd');
  const next = element('dd');
  const root = element(
    'li',
    { class: 'card' },
    element('div', { class: 'card-head' }, name, pill),
    kind,
    error,
    element(
      'dl',
      { class: 'facts' },
      element('dt', {}, 'For'),
      lasting,
      element('dt', {}, 'Connections lost'),
      restarts,
      element('dt', {}, 'Next attempt'),
      next
    )
  );
  return {
    root,
    fill: ({ service, forMs, nextMs }) => {
      write(name, service.service);
      label(pill, serviceWord(service.status));
      write(kind, `${service.required ? 'required' : 'optional'} · ${modeText(service.mode)}`);
      write(error, service.error ?? '');
      error.hidden = service.error === null;
      write(lasting, forMs === null ? '–' : duration(forMs));
      write(restarts, String(service.restarts));
      write(next, nextMs === null ? 'none planned' : inTime(nextMs));
    }
  };
}
