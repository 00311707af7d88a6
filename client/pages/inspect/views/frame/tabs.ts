import { byId } from '../../../shared/element.js';

/** Tabs of which one is open, with the usual keyboard control. */
export class Tabs {
  readonly #tabs: readonly HTMLButtonElement[];
  readonly #changed: () => void;
  #open: string;

  /** Takes the names of tabs `tab-<name>` with panels `panel-<name>`; the first is open. */
  constructor(names: readonly [string, ...string[]], changed: () => void) {
    this.#tabs = names.map((name) => byId(`tab-${name}`, HTMLButtonElement));
    this.#changed = changed;
    this.#open = names[0];
    for (const tab of this.#tabs) {
      tab.addEventListener('click', () => {
        this.open(nameOf(tab));
      });
      tab.addEventListener('keydown', (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (step !== undefined) this.#next(step);
      });
    }
    this.#show();
  }

  /** Name of the tab that is open. */
  get current(): string {
    return this.#open;
  }

  /** Opens a tab. */
  open(name: string): void {
    if (name === this.#open) return;
    this.#open = name;
    this.#show();
    this.#changed();
  }

  /** Shows or hides a tab; when it was open, the first is. */
  offer(name: string, isOffered: boolean): void {
    const tab = this.#tabs.find((one) => nameOf(one) === name);
    if (tab === undefined || tab.hidden === !isOffered) return;
    tab.hidden = !isOffered;
    const [first] = this.#tabs;
    if (!isOffered && name === this.#open && first !== undefined) this.open(nameOf(first));
  }

  #next(step: number): void {
    const offered = this.#tabs.filter(({ hidden }) => !hidden);
    const index = offered.findIndex((tab) => nameOf(tab) === this.#open);
    const next = offered[(index + step + offered.length) % offered.length];
    if (next === undefined) return;
    this.open(nameOf(next));
    next.focus();
  }

  #show(): void {
    for (const tab of this.#tabs) {
      const isOpen = nameOf(tab) === this.#open;
      tab.setAttribute('aria-selected', String(isOpen));
      tab.tabIndex = isOpen ? 0 : -1;
      byId(`panel-${nameOf(tab)}`, HTMLDivElement).hidden = !isOpen;
    }
  }
}

function nameOf(tab: HTMLButtonElement): string {
  return tab.id.slice('tab-'.length);
}
