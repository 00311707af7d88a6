import { element } from '../../shared/element.js';

/** Leafs through the versions of an answer: ‹ 2/3 ›. */
export class VersionSwitch {
  readonly node: HTMLElement;
  readonly #words = element('span', { class: 'version-words', 'aria-hidden': 'true' });
  readonly #before: HTMLButtonElement;
  readonly #after: HTMLButtonElement;

  /** @param turn shows another version: so many after this one, or before it */
  constructor(turn: (by: number) => void) {
    const button = (sign: string, name: string, by: number): HTMLButtonElement => {
      const made = element(
        'button',
        { type: 'button', class: 'version', 'aria-label': name },
        sign
      );
      made.addEventListener('click', () => {
        if (made.getAttribute('aria-disabled') !== 'true') turn(by);
      });
      return made;
    };
    this.#before = button('‹', 'Version before', -1);
    this.#after = button('›', 'Version after', 1);
    this.node = element(
      'div',
      { class: 'versions', role: 'group', hidden: true },
      this.#before,
      this.#words,
      this.#after
    );
  }

  /** Shows which version this is, from 0, and how many there are. */
  show({ index, count }: { readonly index: number; readonly count: number }): void {
    this.node.hidden = count < 2;
    const words = `${String(index + 1)}/${String(count)}`;
    if (this.#words.textContent !== words) this.#words.textContent = words;
    this.node.setAttribute('aria-label', `Version ${String(index + 1)} of ${String(count)}`);
    // Not `disabled`: that would take the keyboard focus away from the button that was just pressed.
    this.#before.setAttribute('aria-disabled', String(index === 0));
    this.#after.setAttribute('aria-disabled', String(index === count - 1));
  }
}
