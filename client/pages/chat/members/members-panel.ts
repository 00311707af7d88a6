import { MemberList, RollcallError, type Role, type Thread } from '../../../sdk/client.js';
import { safeName } from '../../../sdk/safe-name.js';
import { byId } from '../../shared/element.js';
import { chosenRole, memberRows, ROLE_WORDS } from './member-rows.js';

/** The dialog with the owner and the members of the open thread. Everybody sees them; a user with `manage` can change the members. */
export class MembersPanel {
  readonly #dialog = byId('members', HTMLDialogElement);
  readonly #title = byId('members-title', HTMLHeadingElement);
  readonly #rows = byId('member-rows', HTMLUListElement);
  readonly #words = byId('members-words', HTMLParagraphElement);
  readonly #problem = byId('members-problem', HTMLParagraphElement);
  readonly #form = byId('member-form', HTMLFormElement);
  readonly #name = byId('member-name', HTMLInputElement);
  readonly #role = byId('member-role', HTMLSelectElement);
  #list: MemberList | null = null;
  #user = '';

  constructor() {
    byId('members-close', HTMLButtonElement).addEventListener('click', () => {
      this.close();
    });
    this.#dialog.addEventListener('close', () => {
      this.#list?.end();
      this.#list = null;
    });
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      const user = this.#name.value.trim();
      if (user === '') this.#say('', 'Give a name.');
      else void this.#set(user, chosenRole(this.#role));
    });
  }

  /** Shows the members of a thread to this user. */
  open(thread: Thread, user: string): void {
    this.#list?.end();
    const list = new MemberList(thread, () => {
      if (list === this.#list) this.#draw();
    });
    this.#list = list;
    this.#user = user;
    this.#title.textContent = `Members of ${safeName(thread.id)}`;
    this.#name.value = '';
    this.#say('', '');
    this.#rows.replaceChildren();
    this.#form.hidden = true;
    if (!this.#dialog.open) this.#dialog.showModal();
    void list.load();
  }

  /** Closes it, for example because another thread is opened. */
  close(): void {
    this.#dialog.close();
  }

  async #set(user: string, role: Role | null): Promise<void> {
    const list = this.#list;
    if (list === null) return;
    const name = safeName(user);
    try {
      await list.set(user, role);
      if (list !== this.#list) return;
      if (this.#name.value.trim() === user) this.#name.value = '';
      this.#say(role === null ? `${name} was removed.` : `${name} ${ROLE_WORDS[role]}.`, '');
      // The button of a removed member takes the keyboard focus with it.
      if (role === null) this.#name.focus();
    } catch (error) {
      if (!(error instanceof RollcallError)) throw error;
      if (list !== this.#list) return;
      this.#draw();
      this.#say('', refusalWords(error));
    }
  }

  #draw(): void {
    const snapshot = this.#list?.snapshot;
    if (snapshot === undefined) return;
    const { owner, members, may, isLoading, problem } = snapshot;
    // Servers of before did not say it.
    const mayManage = (may?.includes('manage') ?? owner === this.#user) && problem === null;
    const focused = this.#focusedPart();
    const actions = {
      set: (user: string, role: Role) => void this.#set(user, role),
      remove: (user: string) => void this.#set(user, null)
    };
    this.#rows.replaceChildren(...memberRows(snapshot, this.#user, mayManage ? actions : null));
    this.#form.hidden = !mayManage;
    if (problem !== null) this.#say('', refusalWords(problem));
    else if (isLoading) this.#say('Loading…', '');
    else if (owner === null && members.length === 0) {
      this.#say('Nobody owns this thread, and it has no members.', '');
    } else if (mayManage) this.#say('', '');
    else this.#say('You see the members, and cannot change them: the owner can.', '');
    if (focused === null) return;
    const parts = [...this.#rows.querySelectorAll<HTMLElement>('[data-part]')];
    parts.find((one) => one.dataset['part'] === focused)?.focus();
  }

  /** Which control of the rows has the keyboard focus; the rows are redrawn. */
  #focusedPart(): string | null {
    const { activeElement } = document;
    if (!(activeElement instanceof HTMLElement) || !this.#rows.contains(activeElement)) return null;
    return activeElement.dataset['part'] ?? null;
  }

  #say(words: string, problem: string): void {
    this.#words.textContent = words;
    this.#problem.textContent = problem;
    this.#problem.hidden = problem === '';
  }
}

function refusalWords({ code, message }: RollcallError): string {
  if (code === 'forbidden') return 'You may not change the members here; the owner may.';
  return `That did not work: ${message}.`;
}
