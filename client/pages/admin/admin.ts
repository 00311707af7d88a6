/** The admin page: asks who the operator is, shows the lists of the server, and does what is confirmed. */
import { Fields } from '../shared/fields.js';
import { byId } from '../shared/element.js';
import { write } from '../shared/live-text.js';
import { askFacts } from '../shared/server-facts.js';
import { TabSecret } from '../shared/tab-secret.js';
import { Operator, type Answered } from './asking/operator.js';
import { ConfirmDialog } from './views/confirm.js';
import type { ListPanel } from './views/list-panel.js';
import {
  connectionsPanel,
  threadsPanel,
  usersPanel,
  type PanelPorts
} from './views/people-panels.js';
import {
  auditPanel,
  incidentsPanel,
  limitsPanel,
  nodesPanel,
  webhooksPanel
} from './views/server-panels.js';

/** Time between two rounds of requests while the page is visible, in milliseconds. */
const POLL_MS = 3_000;

class AdminPage {
  readonly #secret = new TabSecret('rollcall.api-key');
  readonly #operator = new Operator(this.#secret);
  readonly #locked = byId('locked', HTMLElement);
  readonly #key = byId('key', HTMLInputElement);
  readonly #keyError = byId('key-error', HTMLParagraphElement);
  readonly #shown = byId('panels', HTMLDivElement);
  readonly #leave = byId('leave', HTMLButtonElement);
  readonly #fault = byId('fault', HTMLParagraphElement);
  readonly #node = byId('node', HTMLParagraphElement);
  readonly #notice = byId('notice', HTMLParagraphElement);
  readonly #connections: ListPanel;
  readonly #others: readonly ListPanel[];
  /** Number of the latest round; what earlier ones bring is dropped. */
  #round = 0;
  /** Whether nobody may see anything, until a key is given. */
  #isLocked = false;

  constructor() {
    const confirm = new ConfirmDialog((words) => {
      write(this.#notice, words);
      // The row that was asked about may be gone, and the focus with it.
      if (document.activeElement === document.body) byId('title', HTMLHeadingElement).focus();
      void this.#ask();
    });
    const ports: PanelPorts = {
      operator: this.#operator,
      confirm: (order) => {
        confirm.open(order);
      },
      changed: () => void this.#ask()
    };
    this.#connections = connectionsPanel(ports);
    this.#others = [
      usersPanel(ports),
      threadsPanel(ports),
      limitsPanel(ports),
      incidentsPanel(ports),
      webhooksPanel(ports),
      nodesPanel(ports),
      auditPanel(ports)
    ];
    this.#shown.append(...[this.#connections, ...this.#others].map(({ root }) => root));
  }

  start(): void {
    byId('key-form', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      const given = this.#key.value.trim();
      if (given === '') return;
      this.#secret.give(given);
      this.#key.value = '';
      for (const panel of [this.#connections, ...this.#others]) panel.reset();
      void this.#ask();
    });
    this.#leave.addEventListener('click', () => {
      this.#secret.forget();
      this.#lock(null);
    });
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden && !this.#isLocked) void this.#ask();
    });
    setInterval(() => {
      if (!document.hidden && !this.#isLocked) void this.#ask();
    }, POLL_MS);
    void askFacts().then(({ hasInspector }) => {
      byId('inspector', HTMLAnchorElement).hidden = !hasInspector;
    });
    void this.#ask();
  }

  async #ask(): Promise<void> {
    const round = ++this.#round;
    const first = await this.#operator.ask(this.#connections.path);
    if (round !== this.#round) return;
    if (!first.ok && first.isRefused) {
      const isGiven = this.#secret.value !== null;
      this.#secret.forget();
      this.#lock(isGiven ? first.words : null);
      return;
    }
    this.#unlock(first);
    // One by one, so that the page never has more than one request under way. A refused list is not asked for again.
    for (const panel of this.#others) {
      if (panel.isRefused) continue;
      const answered = await this.#operator.ask(panel.path);
      if (round !== this.#round) return;
      panel.heard(answered);
    }
  }

  #unlock(answered: Answered): void {
    this.#isLocked = false;
    this.#locked.hidden = true;
    this.#fault.hidden = answered.ok;
    if (!answered.ok) {
      write(this.#fault, `${answered.words} What is below is from before.`);
      return;
    }
    this.#connections.heard(answered);
    this.#shown.hidden = false;
    this.#leave.hidden = this.#secret.value === null;
    write(
      this.#node,
      `Connections, users and threads of node ${new Fields(answered.body).text('node')}`
    );
  }

  /** Shows nothing but the field for a key. `why`: what was wrong with the one that was given. */
  #lock(why: string | null): void {
    this.#round++;
    this.#isLocked = true;
    this.#shown.hidden = true;
    this.#leave.hidden = true;
    this.#fault.hidden = true;
    for (const panel of [this.#connections, ...this.#others]) panel.reset();
    write(this.#node, '');
    write(this.#notice, '');
    write(this.#keyError, why ?? '');
    this.#keyError.hidden = why === null;
    this.#locked.hidden = false;
    this.#key.focus();
  }
}

new AdminPage().start();
