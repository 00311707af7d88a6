import { byId, element } from '../page/element.js';
import { number } from './counted.js';
import { KeyedRows } from './keyed-rows.js';
import { label, write } from './live-text.js';
import type { Moment } from './moment.js';
import { monitorWord, outcomeText, spaced } from './part-words.js';

/** What the monitor has found, and what became of messages. */
export class MonitorView {
  readonly #status = byId('monitor-status', HTMLSpanElement);
  readonly #nothing = byId('no-issues', HTMLParagraphElement);
  readonly #issues = new KeyedRows<{ readonly index: number; readonly text: string }>({
    into: byId('issues', HTMLUListElement),
    key: ({ index }) => String(index),
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
  show({ report: { monitor } }: Moment): void {
    label(this.#status, monitorWord(monitor.status));
    this.#nothing.hidden = monitor.issues.length > 0;
    this.#issues.show(monitor.issues.map((text, index) => ({ index, text })));
    this.#outcomes.show([...monitor.outcomes]);
  }
}
