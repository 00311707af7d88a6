import { byId, element } from '../../../shared/element.js';
import { safeName } from '../../../../sdk/safe-name.js';
import { KeyedRows } from '../../../shared/keyed-rows.js';
import { tint, write } from '../../../shared/live-text.js';
import { sameSubject, subjectHash, type Subject } from '../../states/actor-key.js';
import { actorTree, chartsIn, keeperWords, type TreeNode } from '../../recording/actor-tree.js';
import { flash } from '../../../shared/flash.js';
import type { Moment } from '../../recording/moment.js';
import { shortStateWords, stateWords, toneOf } from '../../states/state-tone.js';

/** A node with its place in the tree. The tree is shown as a flat list of rows, so that a change moves few elements. */
interface TreeRow {
  readonly node: TreeNode;
  readonly level: number;
  readonly hasChildren: boolean;
  readonly isOpen: boolean;
  readonly isSelected: boolean;
}

/** Shows the actors as a tree, with the usual keyboard control. */
export class TreeView {
  readonly #root = byId('tree', HTMLUListElement);
  readonly #text = byId('tree-text', HTMLInputElement);
  readonly #chart = byId('tree-chart', HTMLSelectElement);
  readonly #nothing = byId('tree-nothing', HTMLParagraphElement);
  readonly #rows: KeyedRows<TreeRow>;
  readonly #closed = new Set<string>();
  readonly #pick: (subject: Subject) => void;
  #moment: Moment | null = null;
  #shown: readonly TreeRow[] = [];
  #focused: string | null = null;

  constructor(pick: (subject: Subject) => void, changed: () => void) {
    this.#pick = pick;
    this.#rows = new KeyedRows({
      into: this.#root,
      key: ({ node }) => keyOf(node),
      make: () => this.#makeRow()
    });
    this.#text.addEventListener('input', changed);
    this.#chart.addEventListener('change', changed);
    this.#root.addEventListener('keydown', (event) => {
      if (this.#key(event.key)) event.preventDefault();
    });
  }

  /** Shows the actors of a moment. */
  show(moment: Moment): void {
    const { states, subject, actor } = moment;
    this.#moment = moment;
    this.#offer(chartsIn(states));
    const tree = actorTree(states, { text: this.#text.value, chart: this.#chart.value });
    const rows: TreeRow[] = [];
    const add = (node: TreeNode, level: number): void => {
      const isOpen = !this.#closed.has(keyOf(node));
      const isSelected =
        sameSubject(node.subject, subject) ||
        (node.keeper !== null && node.keeper.sessionId === actor?.sessionId);
      rows.push({ node, level, hasChildren: node.children.length > 0, isOpen, isSelected });
      if (isOpen) for (const child of node.children) add(child, level + 1);
    };
    for (const node of tree) add(node, 1);
    this.#shown = rows;
    this.#rows.show(rows);
    this.#nothing.hidden = rows.length > 0;
    const words = states.size === 0 ? 'No actor is known yet.' : 'No actor is like that.';
    write(this.#nothing, words);
    this.#keepOneTabStop();
  }

  #offer(charts: readonly string[]): void {
    const known = Array.from(this.#chart.options, ({ value }) => value);
    for (const chart of charts) {
      if (!known.includes(chart)) this.#chart.append(element('option', { value: chart }, chart));
    }
  }

  #makeRow() {
    const twist = element('span', { class: 'twist', 'aria-hidden': 'true' });
    const name = element('span', { class: 'node-name' });
    const chart = element('span', { class: 'node-chart' });
    const keeper = element('span', { class: 'node-keeper' });
    const state = element('span', { class: 'pill' });
    const root = element('li', { role: 'treeitem' }, twist, name, chart, keeper, state);
    let row: TreeRow | null = null;
    let seen = '';
    root.addEventListener('click', (event) => {
      if (row === null) return;
      if (event.target === twist && row.hasChildren) this.#toggle(row);
      else this.#choose(row);
    });
    const fill = (next: TreeRow): void => {
      row = next;
      const { node, level, hasChildren, isOpen, isSelected } = next;
      const { actor } = node;
      root.dataset['level'] = String(Math.min(level, LEVEL_MAX));
      root.setAttribute('aria-level', String(level));
      root.setAttribute('aria-selected', String(isSelected));
      if (hasChildren) root.setAttribute('aria-expanded', String(isOpen));
      else root.removeAttribute('aria-expanded');
      write(name, safeName(node.name));
      write(chart, actor.chart === node.name ? '' : (actor.chart ?? 'no chart'));
      const kept = keeperWords(node.keeper);
      write(keeper, kept === '' ? '' : `keeper: ${kept}`);
      const words = stateWords(actor);
      write(state, shortStateWords(actor));
      state.title = words;
      tint(state, toneOf(actor));
      const now = `${actor.sessionId} ${words} ${kept}`;
      if (seen !== '' && seen !== now) flash(root);
      seen = now;
    };
    return { root, fill };
  }

  #choose({ node }: TreeRow): void {
    this.#focused = keyOf(node);
    this.#pick(node.subject);
  }

  #toggle({ node, isOpen }: TreeRow): void {
    if (isOpen) this.#closed.add(keyOf(node));
    else this.#closed.delete(keyOf(node));
    // Update at once, not with the next painting: the next key uses the rows that are shown, and may come first.
    if (this.#moment !== null) this.show(this.#moment);
  }

  /** Answers whether the key means something to a tree. */
  #key(key: string): boolean {
    const index = this.#shown.findIndex(({ node }) => keyOf(node) === this.#focused);
    const row = this.#shown[index];
    if (row === undefined) return false;
    switch (key) {
      case 'ArrowDown':
        return this.#focus(index + 1);
      case 'ArrowUp':
        return this.#focus(index - 1);
      case 'Home':
        return this.#focus(0);
      case 'End':
        return this.#focus(this.#shown.length - 1);
      case 'ArrowRight':
        if (row.hasChildren && !row.isOpen) this.#toggle(row);
        else if (row.hasChildren) this.#focus(index + 1);
        return true;
      case 'ArrowLeft':
        if (row.hasChildren && row.isOpen) this.#toggle(row);
        else
          this.#focus(
            this.#shown.findLastIndex(({ level }, at) => at < index && level < row.level)
          );
        return true;
      case 'Enter':
      case ' ':
        this.#choose(row);
        return true;
      default:
        return false;
    }
  }

  #focus(index: number): boolean {
    const row = this.#shown[index];
    if (row === undefined) return true;
    this.#focused = keyOf(row.node);
    this.#keepOneTabStop();
    const item = this.#root.children[index];
    if (item instanceof HTMLElement) item.focus();
    return true;
  }

  /** One row can be reached with Tab; the arrows lead to the others. */
  #keepOneTabStop(): void {
    const isThere = this.#shown.some(({ node }) => keyOf(node) === this.#focused);
    if (!isThere) {
      const first = this.#shown.find(({ isSelected }) => isSelected) ?? this.#shown[0];
      this.#focused = first === undefined ? null : keyOf(first.node);
    }
    for (const [index, { node }] of this.#shown.entries()) {
      const item = this.#root.children[index];
      if (item instanceof HTMLElement) item.tabIndex = keyOf(node) === this.#focused ? 0 : -1;
    }
  }
}

/** Deepest indentation of a row. */
const LEVEL_MAX = 8;

function keyOf({ subject, keeper, actor }: TreeNode): string {
  // A keeper keeps its row whether its child runs or not.
  return keeper === null && actor.chart === 'keeper'
    ? subjectHash(subject).replace(/\/keeper$/, '')
    : subjectHash(subject);
}
