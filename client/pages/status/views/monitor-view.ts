import { byId, element } from '../../shared/element.js';
import { counted, number } from '../../shared/counted.js';
import { findingWords, type FindingLink, type FindingWords } from '../words/finding.js';
import { KeyedRows, type Row } from '../../shared/keyed-rows.js';
import { linkRows } from '../../shared/link-rows.js';
import { label, tint, write } from '../../shared/live-text.js';
import type { AgedReport } from '../report/aged-report.js';
import { monitorWord, outcomeText, spaced } from '../words/part-words.js';

/** Shows the monitor's findings and the outcomes of messages. */
export class MonitorView {
  readonly #status = byId('monitor-status', HTMLSpanElement);
  readonly #nothing = byId('no-issues', HTMLParagraphElement);
  readonly #more = byId('more-findings', HTMLParagraphElement);
  readonly #findings = new KeyedRows<FindingWords>({
    into: byId('findings', HTMLUListElement),
    key: ({ key }) => key,
    make: makeFinding
  });
  readonly #outcomes = new KeyedRows<readonly [outcome: string, messages: number]>({
    into: byId('outcomes', HTMLTableSectionElement),
    key: ([outcome]) => outcome,
    make: () => {
      const name = element('span', { class: 'outcome-name' });
      const meaning = element('span', { class: 'note' });
      const messages = element('td', { class: 'number' });
      const root = element('tr', {}, element('th', { scope: 'row' }, name, meaning), messages);
      return {
        root,
        fill: ([outcome, count]) => {
          root.classList.toggle('is-zero', count === 0);
          write(name, spaced(outcome));
          write(meaning, outcomeText(outcome));
          write(messages, number(count));
        }
      };
    }
  });

  /** Shows the monitor as it is now. */
  show({ report: { monitor, inspect }, since }: AgedReport): void {
    label(this.#status, monitorWord(monitor.status));
    const hasInspector = inspect === 'on' || inspect === 'token';
    const findings = findingWords(monitor, since).map((words) => ({
      ...words,
      links: words.links.filter(({ isInspector }) => hasInspector || !isInspector)
    }));
    this.#nothing.hidden = findings.length > 0;
    this.#findings.show(findings);
    const { moreFindings } = monitor;
    this.#more.hidden = moreFindings <= 0;
    write(this.#more, moreFindings > 0 ? `and ${counted(moreFindings, 'more finding')}` : '');
    this.#outcomes.show([...monitor.outcomes]);
  }
}

function makeFinding(): Row<FindingWords> {
  const level = element('span', { class: 'pill' });
  const title = element('strong');
  const message = element('p', { class: 'finding-message' });
  const course = element('p', { class: 'note' });
  const head = element('div', { class: 'finding-head' }, title, level);
  const remedy = element('p', { class: 'finding-remedy' });
  const runbook = element('a', {}, 'Runbook');
  const more = element('p', { class: 'note finding-more' });
  const linked = element('span', { class: 'finding-links' });
  const links = linkRows<FindingLink>(linked);
  more.append(runbook, linked);
  const root = element('li', {}, head, message, remedy, course, more);
  return {
    root,
    fill: (words) => {
      root.classList.toggle('is-over', words.isOver);
      tint(root, words.level.tone);
      label(level, words.level);
      write(title, words.title);
      write(message, words.message);
      write(course, words.course);
      write(remedy, words.remedy === '' ? '' : `What to do: ${words.remedy}.`);
      remedy.hidden = words.remedy === '';
      runbook.href = words.runbook;
      links.show(words.links);
      more.hidden = words.runbook === '';
    }
  };
}
