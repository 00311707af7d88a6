import { counted } from '../../shared/counted.js';
import { element } from '../../shared/element.js';
import type { Fields } from '../../shared/fields.js';
import { KeyedRows } from '../../shared/keyed-rows.js';
import { write } from '../../shared/live-text.js';
import type { Answered } from '../asking/operator.js';
import type { ListPage } from '../asking/list-page.js';

/** A column: its title, and how it fills its cell. The first is the name of the row. */
export interface Column {
  readonly title: string;
  readonly fill: (cell: HTMLElement, row: Fields) => void;
}

/** A button of a row; it is hidden while `when` is false. */
export interface RowAction {
  readonly text: string;
  readonly when?: (row: Fields) => boolean;
  readonly act: (row: Fields) => void;
}

/** Options of {@link ListPanel}. */
export interface ListOptions {
  readonly title: string;
  /** What is counted in the note, such as `connection`. */
  readonly noun: string;
  /** Shown while there are no rows. */
  readonly empty: string;
  /** Shown when the server has no such list. */
  readonly missing?: string;
  /** What can be searched for; absent: nothing. */
  readonly search?: string;
  readonly columns: readonly Column[];
  readonly actions?: readonly RowAction[];
  /** Returns the path of a page of rows. */
  readonly path: (search: string, after: string | null) => string;
  readonly read: (body: unknown) => ListPage;
  readonly key: (row: Fields) => string;
  /** Called when it must be asked again: another page, another search. */
  readonly changed: () => void;
}

/** One list of the server with a search, pages and buttons. Its rows are updated in place. */
export class ListPanel {
  /** Its section. */
  readonly root: HTMLElement;
  readonly #options: ListOptions;
  readonly #note = element('p', { class: 'note' });
  readonly #fault = element('p', { class: 'fault', hidden: true });
  readonly #nothing = element('p', { class: 'nothing', hidden: true });
  readonly #table: HTMLTableElement;
  readonly #pager: HTMLElement;
  readonly #back = element('button', { class: 'plain', type: 'button' }, 'Previous page');
  readonly #forth = element('button', { class: 'plain', type: 'button' }, 'Next page');
  readonly #rows: KeyedRows<Fields>;
  #search = '';
  /** Where the page and those before it begin. */
  #afters: (string | null)[] = [null];
  #next: string | null = null;
  /** Whether the server refuses this list to the key that was given. */
  isRefused = false;

  constructor(options: ListOptions) {
    this.#options = options;
    const { title, columns, search } = options;
    const heading = element('h2', {}, title);
    const heads = columns.map(({ title: name }) => element('th', { scope: 'col' }, name));
    const acts = options.actions === undefined ? [] : [actionsHead()];
    const body = element('tbody');
    this.#table = element(
      'table',
      { class: 'rows', 'aria-label': title },
      element('thead', {}, element('tr', {}, ...heads, ...acts)),
      body
    );
    this.#pager = element('div', { class: 'pager', hidden: true }, this.#back, this.#forth);
    this.root = element(
      'section',
      { class: 'panel', 'aria-label': title },
      element('header', {}, heading, this.#note),
      ...(search === undefined ? [] : [this.#searchField(search)]),
      this.#fault,
      this.#nothing,
      this.#table,
      this.#pager
    );
    this.#rows = new KeyedRows<Fields>({
      into: body,
      key: options.key,
      make: () => this.#row()
    });
    this.#back.addEventListener('click', () => {
      if (this.#afters.length > 1) this.#afters.pop();
      options.changed();
    });
    this.#forth.addEventListener('click', () => {
      if (this.#next === null) return;
      this.#afters.push(this.#next);
      options.changed();
    });
  }

  /** The path to ask now. */
  get path(): string {
    return this.#options.path(this.#search, this.#afters.at(-1) ?? null);
  }

  /** Shows an answer. Rows stay through a failure, unless they are no longer for these eyes. */
  heard(answered: Answered): void {
    const { missing, empty, noun, read } = this.#options;
    const isOff = !answered.ok && answered.isMissing && missing !== undefined;
    this.isRefused = !answered.ok && (answered.isRefused || isOff);
    this.#fault.hidden = answered.ok || isOff;
    if (!answered.ok) {
      if (isOff) write(this.#nothing, missing);
      else write(this.#fault, answered.words);
      this.#nothing.hidden = !isOff;
      if (this.isRefused) this.#show({ rows: [], total: null, next: null });
      return;
    }
    const page = read(answered.body);
    this.#show(page);
    write(this.#nothing, this.#search === '' ? empty : `Nothing found for “${this.#search}”.`);
    this.#nothing.hidden = page.rows.length > 0;
    write(this.#note, page.total === null ? '' : counted(page.total, noun));
  }

  /** Begins anew, for another key. */
  reset(): void {
    this.#afters = [null];
    this.isRefused = false;
    this.#show({ rows: [], total: null, next: null });
  }

  #show({ rows, next }: ListPage): void {
    this.#rows.show(rows);
    this.#table.hidden = rows.length === 0;
    this.#next = next;
    this.#back.disabled = this.#afters.length === 1;
    this.#forth.disabled = next === null;
    this.#pager.hidden = this.#back.disabled && this.#forth.disabled;
  }

  #searchField(label: string): HTMLInputElement {
    const field = element('input', {
      class: 'find',
      type: 'search',
      'aria-label': label,
      placeholder: label,
      maxlength: '128',
      spellcheck: 'false'
    });
    field.addEventListener('input', () => {
      this.#search = field.value.trim();
      this.#afters = [null];
      this.#options.changed();
    });
    return field;
  }

  #row(): { root: HTMLElement; fill: (row: Fields) => void } {
    const { columns, actions = [] } = this.#options;
    const cells = columns.map(({ title }, index) =>
      index === 0 ? element('th', { scope: 'row' }) : element('td', { 'data-label': title })
    );
    let shown: Fields | null = null;
    const buttons = actions.map(({ text, act }) => {
      const button = element('button', { class: 'act', type: 'button' }, text);
      button.addEventListener('click', () => {
        if (shown !== null) act(shown);
      });
      return button;
    });
    const last = actions.length === 0 ? [] : [element('td', { class: 'cell-actions' }, ...buttons)];
    const root = element('tr', {}, ...cells, ...last);
    return {
      root,
      fill: (row) => {
        shown = row;
        for (const [index, cell] of cells.entries()) columns[index]?.fill(cell, row);
        for (const [index, button] of buttons.entries()) {
          const action = actions[index];
          button.hidden = action?.when?.(row) === false;
          button.setAttribute(
            'aria-label',
            `${action?.text ?? ''}: ${cells[0]?.textContent ?? ''}`
          );
        }
      }
    };
  }
}

function actionsHead(): HTMLElement {
  return element('th', { scope: 'col' }, element('span', { class: 'unseen' }, 'Actions'));
}
