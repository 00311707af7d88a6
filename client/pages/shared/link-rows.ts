import { element } from './element.js';
import { KeyedRows } from './keyed-rows.js';
import { write } from './live-text.js';

/** A link with its words. */
interface WordedLink {
  readonly text: string;
  readonly href: string;
}

/** Makes a list of links in an element: a link that stays keeps its element, and with it the keyboard focus. */
export function linkRows<L extends WordedLink>(into: HTMLElement): KeyedRows<L> {
  return new KeyedRows<L>({
    into,
    key: ({ href }) => href,
    make: () => {
      const link = element('a');
      return {
        root: link,
        fill: ({ text, href }) => {
          write(link, text);
          link.href = href;
        }
      };
    }
  });
}
