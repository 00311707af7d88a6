import { expect } from 'chai';
import { createActor, sendTo, setup } from 'xstate';
import { createNats, type Nats, type NatsOptions } from '../../../actors/nats/nats.js';
import { systemClock } from '../../../actors/clock.js';
import {
  NO_RESULTS,
  type ChildOutput,
  type ChildReport
} from '../../../machines/supervision/child.js';
import type { NatsState } from '../../../machines/nats/nats-status.js';
import { NatsServers, requireNatsServer } from '../../nats-servers.js';
import { RecordedLogger } from '../recorded-logger.js';

type Seen = ChildReport | { type: 'done'; output: ChildOutput };

/** Runs the child under a parent; the spec waits for what it reports. */
function run(nats: Nats) {
  const seen: Seen[] = [];
  const waiting: { type: Seen['type']; resolve: (seen: Seen) => void }[] = [];
  const note = (event: Seen): void => {
    seen.push(event);
    for (const { type, resolve } of waiting) if (type === event.type) resolve(event);
  };
  const parent = createActor(
    setup({
      types: { events: {} as Seen | { type: 'stop' } },
      actors: { child: nats.logic },
      actions: {
        note: (_, event: Seen) => {
          note(event);
        }
      }
    }).createMachine({
      invoke: {
        id: 'nats',
        src: 'child',
        input: { id: 'nats', results: NO_RESULTS },
        onDone: {
          actions: {
            type: 'note',
            params: ({ event }) => ({ type: 'done', output: event.output })
          }
        }
      },
      on: {
        stop: { actions: sendTo('nats', { type: 'child.stop' }) },
        'child.*': { actions: { type: 'note', params: ({ event }) => event as Seen } }
      }
    })
  );
  parent.start();
  return {
    seen,
    next: (type: Seen['type']) =>
      new Promise<Seen>((resolve) => {
        waiting.push({ type, resolve });
      }),
    stop: async () => {
      const done = new Promise<Seen>((resolve) => {
        waiting.push({ type: 'done', resolve });
      });
      parent.send({ type: 'stop' });
      return await done;
    }
  };
}

describe('createNats', () => {
  let program: string;
  let servers: NatsServers | null = null;
  let logger: RecordedLogger;

  before(function () {
    program = requireNatsServer(this);
  });
  beforeEach(() => {
    logger = new RecordedLogger();
  });
  afterEach(async () => {
    await servers?.stop();
    servers = null;
  });

  const make = (urls: readonly string[], changes: Partial<NatsOptions> = {}): Nats =>
    createNats({
      urls,
      credentials: null,
      node: 'n1',
      refusesOld: false,
      clock: systemClock,
      random: () => 0.1,
      logger,
      ...changes
    });

  it('connects, names the broker and its version, and warns of one that may lose streams', async () => {
    servers = await NatsServers.start(program);
    const nats = make(servers.urls);
    const child = run(nats);
    await child.next('child.ready');
    const { status, broker, error } = nats.status() ?? {};
    expect([status, error]).to.eql(['connected', null]);
    expect(servers.urls[0]).to.contain(broker?.address);
    expect(broker?.version).to.match(/^2\.\d+\.\d+/);
    expect(nats.connection?.isClosed()).to.equal(false);
    if (broker?.warning !== null) expect(logger.with('too old')).to.have.length(1);
    expect(await child.stop()).to.eql({ type: 'done', output: { status: 'stopped' } });
    expect(nats.connection).to.equal(null);
  });

  it('ends the start with what to do when an old broker is refused', async function () {
    servers = await NatsServers.start(program);
    const nats = make(servers.urls, { refusesOld: true });
    const child = run(nats);
    const first = await Promise.race([child.next('done'), child.next('child.ready')]);
    // On a machine with a new nats-server there is nothing to refuse.
    if (first.type === 'child.ready') {
      expect(nats.status()?.broker?.warning).to.equal(null);
      await child.stop();
      return;
    }
    expect(first).to.have.nested.property('output.status', 'failed');
    expect(logger.with('use 2.10.23 or newer')).to.have.length(1);
  });

  it('ends the start with what to do when the brokers refuse the sign-in', async () => {
    servers = await NatsServers.start(program, { login: { user: 'ada', pass: 'secret' } });
    const wrong = servers.urls.map((url) => url.replace('secret', 'guess'));
    const child = run(make(wrong));
    const { output } = (await child.next('done')) as { output: { error: string } };
    expect(output.error).to.match(/refuse the sign-in; correct the name and password in NATS_URL/);
    expect(output.error).not.to.match(/guess/);
  });

  it('signs in with the name and the password of the URL', async () => {
    servers = await NatsServers.start(program, { login: { user: 'ada', pass: 'secret' } });
    const child = run(make(servers.urls));
    await child.next('child.ready');
    await child.stop();
  });

  it('is degraded while no broker answers at the start, and connects when one does', async () => {
    servers = await NatsServers.start(program);
    await servers.kill(0);
    const nats = make(servers.urls);
    const changes: boolean[] = [];
    nats.onChange((connection) => {
      changes.push(connection !== null);
    });
    const child = run(nats);
    const degraded = child.next('child.degraded');
    await child.next('child.ready');
    await degraded;
    expect(nats.status()?.status).to.equal('degraded' satisfies NatsState);
    expect(nats.status()?.error).to.match(
      /no broker answers at 127\.0\.0\.1:\d+ .*start nats-server/
    );
    const recovered = child.next('child.recovered');
    await servers.restart(0);
    await recovered;
    expect(changes).to.eql([false, true]);
    await child.stop();
    expect(changes).to.eql([false, true, false]);
  });

  it('goes to another broker when its own is killed, and counts the loss', async () => {
    servers = await NatsServers.start(program, { count: 3 });
    const nats = make(servers.urls);
    const child = run(nats);
    await child.next('child.ready');
    const own = servers.urls.findIndex((url) =>
      url.endsWith(nats.status()?.broker?.address ?? '?')
    );
    const degraded = child.next('child.degraded');
    const recovered = child.next('child.recovered');
    await servers.kill(own);
    await degraded;
    await recovered;
    expect(nats.status()).to.include({ status: 'connected', losses: 1, error: null });
    expect(servers.urls[own]).not.to.contain(nats.status()?.broker?.address);
    await child.stop();
  });
});
