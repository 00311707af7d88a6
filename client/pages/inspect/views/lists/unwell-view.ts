import { byId, element } from '../../../shared/element.js';
import { safeName } from '../../../../sdk/safe-name.js';
import { KeyedRows } from '../../../shared/keyed-rows.js';
import { label, tint, write } from '../../../shared/live-text.js';
import { subjectOf, type Subject } from '../../states/actor-key.js';
import type { Findings } from '../../link/findings.js';
import { FindingsView } from './findings-view.js';
import type { Moment } from '../../recording/moment.js';
import { stateWords, toneOf } from '../../states/state-tone.js';
import { situationOf, type NotWell } from '../../states/not-well.js';

/** Lists the actors that keep the server from being ready, with what each waits for. */
export class UnwellView {
  readonly #root = byId('unwell', HTMLElement);
  readonly #title = byId('unwell-title', HTMLHeadingElement);
  readonly #rows: KeyedRows<NotWell>;
  readonly #findings = new FindingsView();
  readonly #asked: Findings;
  #moment: Moment | null = null;

  constructor(pick: (subject: Subject) => void, asked: Findings) {
    this.#asked = asked;
    this.#rows = new KeyedRows<NotWell>({
      into: byId('unwell-rows', HTMLUListElement),
      key: ({ actor }) => actor.sessionId,
      make: () => {
        const name = element('b');
        const state = element('span', { class: 'pill' });
        const words = element('span', { class: 'unwell-words' });
        const button = element('button', { type: 'button' }, name, state, words);
        let shown: NotWell | null = null;
        button.addEventListener('click', () => {
          if (shown !== null && this.#moment !== null) {
            pick(subjectOf(shown.actor, this.#moment.states));
          }
        });
        return {
          root: element('li', {}, button),
          fill: (next) => {
            shown = next;
            write(name, safeName(next.actor.name));
            label(state, { tone: toneOf(next.actor), text: stateWords(next.actor) });
            write(words, next.words);
          }
        };
      }
    });
  }

  /** Shows what is not well at a moment. */
  show(moment: Moment): void {
    this.#moment = moment;
    const found = situationOf(moment.states, moment.isGone ? null : moment.now);
    this.#root.hidden = found === null;
    if (found !== null) {
      write(this.#title, found.title.text);
      tint(this.#root, found.title.tone);
    }
    this.#rows.show(found?.rows ?? []);
    // The server tells what it has found now, which another place of the recording is not.
    const hasFound = found?.rows.some(({ actor }) => actor.chart === 'monitor') === true;
    this.#asked.want(moment.isLive && hasFound && !document.hidden);
    this.#findings.show(this.#asked.words);
  }
}
