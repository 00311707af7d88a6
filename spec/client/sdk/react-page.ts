/** A React page that react.spec.ts bundles: two rooms show the same thread. */
import { createElement as h, StrictMode, useState, type ReactNode } from 'react';
import { createRoot, type Container } from 'react-dom/client';
import { connect, type Client } from '../../../client/sdk/client.js';
import { useConnection, useMembers, useThread } from '../../../client/sdk/react.js';

const PAGE = 3;

function Room({ client, name }: { client: Client; name: string }): ReactNode {
  const state = useConnection(client);
  const thread = useThread(client, 't1', { page: PAGE });
  const lines = thread.items.map((item) =>
    item.type === 'gap'
      ? h('li', { key: `gap ${String(item.gap.from)}` }, `gap ${item.gap.reason}`)
      : h('li', { key: item.message.mid }, String(item.message.body))
  );
  return h(
    'section',
    { 'aria-label': name },
    h('p', { role: 'status' }, state.name),
    h('p', { className: 'present' }, thread.present.join()),
    h('p', { className: 'typists' }, thread.typists.join()),
    h('ol', null, ...lines),
    h(
      'ul',
      null,
      ...thread.outgoing.map(({ mid, body, state: how }) =>
        h('li', { key: mid }, `${String(body)} ${how}`)
      )
    ),
    h('button', { onClick: () => void thread.send(`from ${name}`).catch(() => undefined) }, 'send'),
    thread.hasMore ? h('button', { onClick: () => void thread.loadOlder() }, 'older') : null
  );
}

function People({ client }: { client: Client }): ReactNode {
  const people = useMembers(client, 't1');
  const thread = useThread(client, 't1', { page: PAGE });
  return h(
    'section',
    { 'aria-label': 'people' },
    h('p', { className: 'owner' }, people.owner),
    h(
      'ol',
      null,
      ...people.members.map(({ user, role }) => h('li', { key: user }, `${user} ${role}`))
    ),
    h(
      'button',
      { onClick: () => void people.setMember('eve', 'reader').catch(() => undefined) },
      'add'
    ),
    h('p', { className: 'refused' }, thread.refused?.code ?? ''),
    h('button', { onClick: () => thread.askAgain() }, 'again')
  );
}

function App({ client }: { client: Client }): ReactNode {
  const [rooms, setRooms] = useState(['left', 'right']);
  return h(
    'main',
    null,
    ...rooms.map((name) => h(Room, { key: name, client, name })),
    rooms.length > 0 ? h(People, { client }) : null,
    h(
      'button',
      {
        onClick: () => {
          setRooms(rooms.slice(1));
        }
      },
      'close one'
    )
  );
}

/** Renders the page into the container, connected to the server at `url`. */
export function show(container: Container, url: string): void {
  const client = connect(url, {
    user: 'ada',
    reconnect: { firstJitterMs: 0, minMs: 1, maxMs: 10 }
  });
  createRoot(container).render(h(StrictMode, null, h(App, { client })));
}
