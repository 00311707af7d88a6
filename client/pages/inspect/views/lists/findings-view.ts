import { byId, element } from '../../../shared/element.js';
import { KeyedRows } from '../../../shared/keyed-rows.js';
import { linkRows } from '../../../shared/link-rows.js';
import { write } from '../../../shared/live-text.js';
import type { FindingLink, FindingWords } from '../../../status/words/finding.js';

/** Lists what the monitor has found, with the pages that show more of it. */
export class FindingsView {
  readonly #rows = new KeyedRows<FindingWords>({
    into: byId('unwell-findings', HTMLUListElement),
    key: ({ key }) => key,
    make: () => {
      const title = element('b');
      const message = element('span', { class: 'unwell-words' });
      const into = element('span', { class: 'unwell-links' });
      const links = linkRows<FindingLink>(into);
      return {
        root: element('li', {}, title, message, into),
        fill: (words) => {
          write(title, words.title);
          write(message, words.message);
          links.show([
            ...words.links,
            { text: 'Runbook', href: words.runbook, isInspector: false }
          ]);
        }
      };
    }
  });

  /** Shows these. */
  show(findings: readonly FindingWords[]): void {
    this.#rows.show(findings);
  }
}
