/** On a narrow screen, shows one of the three panes of the page at a time. */
export class Panes {
  readonly #buttons = [...document.querySelectorAll<HTMLButtonElement>('.panes button')];

  constructor() {
    for (const button of this.#buttons) {
      button.addEventListener('click', () => {
        this.show(button.dataset['show'] ?? 'list');
      });
    }
    this.show('list');
  }

  /** Shows a part: `list`, `chart` or `details`. */
  show(pane: string): void {
    document.body.dataset['pane'] = pane;
    for (const button of this.#buttons) {
      button.setAttribute('aria-pressed', String(button.dataset['show'] === pane));
    }
  }
}
