/** Lists the states of a machine whose chart cannot be drawn: those that the recording has seen active. */
import { byId, element } from '../../shared/element.js';
import { activeIds } from '../states/active-states.js';
import { isStanding, type ActorState } from '../states/actor-state.js';
import type { Moment } from '../recording/moment.js';

/** Most states listed; further ones are left out. */
const STATES_MAX = 200;

/** Returns the ids of the states that actors of the same machine have been in up to this moment, parents first. */
export function seenStates({ timeline, position }: Moment, actor: ActorState | null): string[] {
  const ids = new Set<string>();
  if (actor === null) return [];
  const note = (value: Parameters<typeof activeIds>[0]): void => {
    for (const id of activeIds(value)) if (id !== '' && ids.size < STATES_MAX) ids.add(id);
  };
  for (let index = 0; index < position; index++) {
    const message = timeline.message(index);
    if (message !== undefined && isStanding(message) && message.hash === actor.hash) {
      note(message.snapshot.value);
    }
  }
  note(actor.snapshot.value);
  return [...ids].sort();
}

/** Shows states as a nested list, the active ones bold. */
export function showStates(ids: readonly string[], active: ReadonlySet<string>): void {
  const list = byId('no-chart-states', HTMLUListElement);
  byId('no-chart-title', HTMLHeadingElement).hidden = ids.length === 0;
  const text = ids.map((id) => `${id} ${String(active.has(id))}`).join('\n');
  if (list.dataset['text'] === text) return;
  list.dataset['text'] = text;
  const lists = new Map<string, HTMLUListElement>([['', list]]);
  list.replaceChildren();
  for (const id of ids) {
    const place = id.lastIndexOf('.');
    const above = lists.get(place < 0 ? '' : id.slice(0, place)) ?? list;
    const isActive = active.has(id);
    const name = element(
      isActive ? 'strong' : 'span',
      {},
      `${id.slice(place + 1)}${isActive ? ' (active)' : ''}`
    );
    const inner = element('ul');
    above.append(element('li', {}, name, inner));
    lists.set(id, inner);
  }
}
