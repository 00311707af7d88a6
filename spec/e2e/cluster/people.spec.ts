import { expect } from 'chai';
import { rm } from 'node:fs/promises';
import { openEvents } from '../../../scripts/kill-proof/event-reader.js';
import { NatsServers, requireNatsServer } from '../../nats-servers.js';
import { startServer, temporaryDir, type ServerProcess } from '../servers/server-process.js';
import { WireClient, type Frame } from '../wire/wire-client.js';

describe('people of two nodes', function () {
  this.timeout(120_000);
  let brokers: NatsServers | null = null;
  const nodes: ServerProcess[] = [];
  const dirs: string[] = [];

  before(async function () {
    brokers = await NatsServers.start(requireNatsServer(this));
    for (let index = 0; index < 2; index += 1) {
      const dataDir = await temporaryDir();
      dirs.push(dataDir);
      const env = { NATS_URL: brokers.urls.join(), DELIVERY_GRACE_MS: '100' };
      nodes.push(await startServer({ dataDir, env }));
    }
  });

  after(async () => {
    for (const node of nodes) await node.stop();
    await brokers?.stop();
    for (const dir of dirs) await rm(dir, { recursive: true, force: true });
  });

  async function connect(user: string, at: number): Promise<WireClient> {
    return await WireClient.connect(nodes[at]?.url ?? '', user);
  }

  it('see each other come, type and leave', async () => {
    const ada = await connect('ada', 0);
    const bob = await connect('bob', 1);
    await ada.subscribe('rooms', 'start');
    await bob.subscribe('rooms', 'start');
    const names = (name: 'join' | 'leave') => (frame: Frame) => {
      const users = frame.type === 'presence' ? frame[name] : null;
      return Array.isArray(users) && users.includes('bob');
    };
    await ada.next(names('join'));
    bob.send({ type: 'typing', thread: 'rooms', on: true });
    expect(await ada.next('typing')).to.include({ user: 'bob', on: true });
    bob.socket.terminate();
    await ada.next(names('leave'));
    ada.socket.close();
  });

  it('are not missed by the node of the author', async () => {
    const ada = await connect('ada', 0);
    const bob = await connect('bob', 1);
    await bob.subscribe('heard', 'start');
    await ada.publish('heard', 'm1');
    expect(await bob.next('message')).to.include({ offset: 1, mid: 'm1' });
    await ada.publish('unheard', 'm1');
    const line = 'Cannot deliver message';
    // The thread without anybody shows that the nodes have asked each other by now.
    await nodes[0]?.line(line);
    const missed = nodes.flatMap(({ lines }) =>
      lines.filter(({ message }) => message.includes(line)).map(({ thread }) => thread)
    );
    expect(missed).to.deep.equal(['unheard']);
  });

  it('read events on, on the other node, after the place where they were', async () => {
    const ada = await connect('ada', 0);
    for (const mid of ['m1', 'm2', 'm3']) await ada.publish('streamed', mid);
    const places: string[] = [];
    const one = openEvents(`${nodes[0]?.url ?? ''}/api/threads/streamed/events?after=0`, {
      event: ({ event, id }) => {
        if (event === 'message') places.push(id ?? '');
        if (places.length === 2) one.close();
      }
    });
    await one.ended;
    const offsets: unknown[] = [];
    const two = openEvents(`${nodes[1]?.url ?? ''}/api/threads/streamed/events`, {
      lastEventId: places[1] ?? '',
      event: ({ event, data }) => {
        const { offset, gap } = JSON.parse(data) as { offset: number; gap?: object | null };
        if (event === 'subscribed') expect(gap).to.equal(null);
        if (event === 'message') offsets.push(offset);
        if (event === 'caught_up') two.close();
      }
    });
    await two.ended;
    expect(offsets).to.deep.equal([3]);
  });
});
