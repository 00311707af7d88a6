/** A React page that react.spec.ts bundles: two rooms show the same thread. */
import { createElement as h, StrictMode, useRef, useState, type ReactNode } from 'react';
import { createRoot, type Container } from 'react-dom/client';
import { connect, type Client } from '../../../client/sdk/client.js';
import {
  useConnection,
  useMembers,
  useRun,
  useRuns,
  useThread
} from '../../../client/sdk/react.js';

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

/** How often a component has been rendered, for a spec to read. */
function useRenders(): { readonly 'data-renders': number } {
  const renders = useRef(0);
  renders.current += 1;
  return { 'data-renders': renders.current };
}

function Runs({ client }: { client: Client }): ReactNode {
  const runs = useRuns(client, 't1');
  return h(
    'section',
    { 'aria-label': 'runs', ...useRenders() },
    ...runs.map(({ run, state, text }) => h('p', { key: run }, `${run} ${state} ${text}`))
  );
}

function OneRun({ client, mid }: { client: Client; mid: string }): ReactNode {
  const [said, setSaid] = useState('');
  const { run, cancel, answer, withdraw } = useRun(client, 't1', { mid });
  const click = (name: string, act: () => Promise<unknown>): ReactNode =>
    h(
      'button',
      {
        onClick: () =>
          void act().then(
            () => setSaid(`${name} ok`),
            (error: unknown) => setSaid(`${name} ${String(Reflect.get(Object(error), 'code'))}`)
          )
      },
      name
    );
  return h(
    'section',
    { 'aria-label': `run of ${mid}`, ...useRenders() },
    h('p', { role: 'status' }, run === null ? 'none' : `${run.state} ${run.text}`),
    h('p', { className: 'said' }, said),
    click('cancel', cancel),
    click('answer', () => answer('yes')),
    click('withdraw', withdraw)
  );
}

function App({ client }: { client: Client }): ReactNode {
  const [rooms, setRooms] = useState(['left', 'right']);
  return h(
    'main',
    null,
    ...rooms.map((name) => h(Room, { key: name, client, name })),
    rooms.length > 0 ? h(People, { client }) : null,
    rooms.length > 0 ? h(Runs, { client }) : null,
    ...(rooms.length > 0 ? ['q1', 'q2'] : []).map((mid) => h(OneRun, { key: mid, client, mid })),
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
