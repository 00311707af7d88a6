import type { MembersSnapshot, Role } from '../../../sdk/client.js';
import { safeName } from '../../../sdk/safe-name.js';
import { element } from '../../shared/element.js';
import { initials, tint } from '../avatar.js';

/** The roles that a member may have, with what each allows. */
export const ROLE_WORDS: Readonly<Record<Role, string>> = {
  member: 'reads and writes',
  reader: 'reads only'
};

/** What a manager does in the rows. */
export interface MemberActions {
  set(user: string, role: Role): void;
  remove(user: string): void;
}

/** Returns the rows of a list of members, the owner first; with `actions` they can be changed. */
export function memberRows(
  { owner, members }: MembersSnapshot,
  user: string,
  actions: MemberActions | null
): HTMLLIElement[] {
  const rows = members.map((member) =>
    row(
      member.user,
      user,
      ...(actions === null
        ? [element('span', { class: 'member-role' }, ROLE_WORDS[member.role])]
        : controls(member, actions))
    )
  );
  if (owner === null) return rows;
  return [row(owner, user, element('span', { class: 'member-role' }, 'owner')), ...rows];
}

/** Returns the choice of a role. */
export function roleChoice(label: string, chosen: Role): HTMLSelectElement {
  const option = (role: Role): HTMLOptionElement =>
    element('option', { value: role, selected: role === chosen }, ROLE_WORDS[role]);
  return element('select', { 'aria-label': label }, option('member'), option('reader'));
}

/** Returns the role that is chosen. */
export function chosenRole({ value }: HTMLSelectElement): Role {
  return value === 'reader' ? 'reader' : 'member';
}

function row(name: string, user: string, ...content: Node[]): HTMLLIElement {
  const avatar = element(
    'span',
    { class: `avatar tint-${String(tint(name))}`, 'aria-hidden': 'true' },
    initials(name)
  );
  const words = name === user ? `${safeName(name)} (you)` : safeName(name);
  return element('li', {}, avatar, element('span', { class: 'member-name' }, words), ...content);
}

function controls({ user, role }: { user: string; role: Role }, actions: MemberActions): Node[] {
  const name = safeName(user);
  const choice = roleChoice(`What ${name} may do`, role);
  choice.dataset['part'] = `role ${user}`;
  choice.addEventListener('change', () => {
    actions.set(user, chosenRole(choice));
  });
  const remove = element(
    'button',
    { type: 'button', class: 'quiet', 'aria-label': `Remove ${name}` },
    'Remove'
  );
  remove.dataset['part'] = `remove ${user}`;
  remove.addEventListener('click', () => {
    actions.remove(user);
  });
  return [choice, remove];
}
