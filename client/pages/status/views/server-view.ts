import { byId, element } from '../../shared/element.js';
import { took } from '../../shared/duration.js';
import { KeyedRows } from '../../shared/keyed-rows.js';
import { label, tint, write } from '../../shared/live-text.js';
import type { AgedReport } from '../report/aged-report.js';
import { handlersWord } from '../words/part-words.js';

/** Shows facts about the server: its handlers, log, transport and version. */
export class ServerView {
  readonly #environment = byId('environment', HTMLSpanElement);
  readonly #version = byId('version', HTMLSpanElement);
  readonly #status = byId('handlers-status', HTMLSpanElement);
  readonly #note = byId('handlers-note', HTMLParagraphElement);
  readonly #log = byId('log', HTMLElement);
  readonly #durability = byId('durability', HTMLElement);
  readonly #transport = byId('transport', HTMLElement);
  readonly #node = byId('node', HTMLElement);
  readonly #inspector = byId('inspector', HTMLAnchorElement);
  readonly #names = new KeyedRows<string>({
    into: byId('handlers', HTMLUListElement),
    key: (name) => name,
    make: () => {
      const root = element('li');
      return {
        root,
        fill: (name) => {
          write(root, name);
        }
      };
    }
  });

  /** Shows the server as it is now. */
  show({ report }: AgedReport): void {
    const { handlers, log, transport } = report;
    write(this.#environment, report.environment);
    tint(this.#environment, report.environment === 'production' ? 'busy' : 'none');
    write(this.#version, report.version === '' ? '' : `v${report.version}`);
    this.#inspector.hidden = report.inspect !== 'on' && report.inspect !== 'token';
    label(this.#status, handlersWord(handlers.status));
    write(
      this.#note,
      handlers.registrationMs === null
        ? handlers.message
        : `${handlers.message} in ${took(handlers.registrationMs)}`
    );
    this.#names.show(handlers.names);
    write(this.#log, log.writable ? 'takes messages' : `takes no messages: ${log.reason ?? ''}`);
    write(this.#durability, log.durability);
    write(
      this.#transport,
      transport.fallbackReason === null
        ? transport.kind
        : `${transport.kind}, because: ${transport.fallbackReason}`
    );
    write(this.#node, report.node);
  }
}
