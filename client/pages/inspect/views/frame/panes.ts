/** Shows one of the three parts of the page where there is room for no more. */
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
