import { byId, element } from '../../../shared/element.js';
import { KeyedRows } from '../../../shared/keyed-rows.js';
import { tint, write } from '../../../shared/live-text.js';
import type { Notice } from './notices.js';

/** Shows notices: that there is no connection, which file could not be opened, what is missing. */
export class NoticesView {
  readonly #rows = new KeyedRows<Notice>({
    into: byId('notices', HTMLDivElement),
    key: ({ key }) => key,
    make: () => {
      const words = element('span');
      const buttons = element('span', { class: 'notice-actions' });
      const root = element('p', { class: 'notice' }, words, buttons);
      let shown = '';
      return {
        root,
        fill: ({ tone, text, actions }) => {
          tint(root, tone);
          write(words, text);
          const wanted = actions.map((action) => action.words).join('\n');
          if (wanted === shown && buttons.childElementCount === actions.length) return;
          shown = wanted;
          buttons.replaceChildren(
            ...actions.map((action) => {
              const button = element('button', { type: 'button', class: 'quiet' }, action.words);
              button.addEventListener('click', action.do);
              return button;
            })
          );
        }
      };
    }
  });

  /** Shows these. */
  show(notices: readonly Notice[]): void {
    this.#rows.show(notices);
  }
}
