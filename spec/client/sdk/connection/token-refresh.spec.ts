import { expect } from 'chai';
import { connect, type Client, type ConnectOptions } from '../../../../client/sdk/client.js';
import type { ClientFrame, ServerFrame } from '../../../../protocol/frames.js';
import { settle, VirtualClock } from '../../../virtual-clock.js';
import { FakeRollcall, type FakeConnection } from '../fake-rollcall.js';
import { memoryWebSocket } from '../memory-socket.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

describe('a token that ends', () => {
  let clock: VirtualClock;
  let server: FakeRollcall;
  let client: Client;
  let questions: { expired: boolean; at: number }[];
  let errors: string[];
  /** Lifetime of the next token. */
  let lifeMs: number;
  /** Answers a refresh; null for no answer. */
  let answer: (frame: ClientFrame<'refresh'>) => ServerFrame | null;
  let began: number;

  const refreshed = (frame: ClientFrame<'refresh'>): ServerFrame => ({
    type: 'refreshed',
    id: frame.id ?? '',
    expiresAt: server.now() + lifeMs
  });

  async function started(
    options: ConnectOptions = {
      getToken: ({ expired }) => {
        questions.push({ expired, at: clock.elapsed() - began });
        return `token ${String(questions.length)}`;
      }
    }
  ): Promise<void> {
    began = clock.elapsed();
    client = connect('ws://fake/ws', {
      WebSocket: memoryWebSocket(server),
      clock,
      random: () => 0.5,
      ...options
    });
    client.on('error', ({ code }) => errors.push(code));
    await settle();
  }

  beforeEach(() => {
    clock = new VirtualClock();
    // The server's wall clock is three hours ahead of the client's.
    server = new FakeRollcall(() => clock.now() + 3 * HOUR_MS);
    questions = [];
    errors = [];
    lifeMs = HOUR_MS;
    answer = refreshed;
    server.intercept = (frame, connection: FakeConnection) => {
      if (frame.type === 'connect') server.expiresAt = server.now() + lifeMs;
      if (frame.type === 'refresh') {
        const reply = answer(frame);
        if (reply !== null) connection.send(reply);
        return true;
      }
      // Other frames are answered as usual: the client drops a connection that does not answer.
      return false;
    };
    server.pingMs = 100 * DAY_MS;
  });

  afterEach(() => {
    client.close();
    expect(clock.waiting, 'timers left after close').to.equal(0);
  });

  it('is replaced when 80 % of its life is over, each time, by whatever clock the server has', async () => {
    await started();
    await clock.advance(2 * HOUR_MS);
    expect(questions).to.eql([
      { expired: false, at: 0 },
      { expired: true, at: 0.8 * HOUR_MS },
      { expired: true, at: 1.6 * HOUR_MS }
    ]);
    expect(server.receivedOf('refresh').map(({ token }) => token)).to.eql(['token 2', 'token 3']);
    expect(server.receivedOf('connect')).to.have.length(1);
    expect(errors).to.eql([]);
  });

  it('is replaced on time when somebody sets the wall clock', async () => {
    await started();
    clock.jump(-5 * HOUR_MS);
    await clock.advance(0.79 * HOUR_MS);
    expect(questions).to.have.length(1);
    await clock.advance(0.02 * HOUR_MS);
    expect(questions).to.have.length(2);
  });

  it('may live longer than a timer', async () => {
    lifeMs = 100 * DAY_MS;
    await started();
    await clock.advance(79 * DAY_MS);
    expect(questions).to.have.length(1);
    await clock.advance(DAY_MS);
    expect(questions.at(-1)).to.eql({ expired: true, at: 80 * DAY_MS });
  });

  it('is tried to replace again, in the time that is left, when that failed', async () => {
    const failures = ['unauthorized', 'unavailable'];
    answer = (frame) => {
      const code = failures.shift();
      if (code === undefined) return refreshed(frame);
      return { type: 'error', id: frame.id ?? '', code, message: code, retry: false };
    };
    await started();
    await clock.advance(HOUR_MS);
    expect(questions.map(({ at }) => Math.round(at / 1_000))).to.eql([0, 2_880, 3_456, 3_571]);
    expect(errors).to.eql(['unauthorized', 'unavailable']);
    expect(client.state.name).to.equal('connected');
  });

  it('is not replaced without end when nothing helps: then the server ends the connection', async () => {
    answer = (frame) => ({ ...refreshed(frame), expiresAt: server.expiresAt ?? 0 });
    await started();
    await clock.advance(HOUR_MS + 10_000);
    expect(questions.length).to.be.within(3, 12);
    expect(clock.waiting).to.be.at.most(1);
  });

  it('tells that the application gave none, and goes on', async () => {
    let asked = 0;
    await started({
      getToken: () => {
        asked++;
        if (asked === 2) throw new Error('offline');
        return asked === 3 ? (7 as unknown as string) : 'token';
      }
    });
    await clock.advance(HOUR_MS);
    expect(errors).to.eql(['token', 'token']);
    expect([asked, client.state.name]).to.eql([4, 'connected']);
  });

  it('is not replaced when it is the only one there is, or never ends', async () => {
    await started({ token: 'fixed' });
    await clock.advance(2 * HOUR_MS);
    expect(server.receivedOf('refresh')).to.eql([]);
  });

  it('is not replaced by what comes after the connection has gone', async () => {
    let give: (token: string) => void = () => undefined;
    let asked = 0;
    await started({
      getToken: () => {
        asked++;
        if (asked !== 2) return 'token';
        return new Promise<string>((resolve) => {
          give = resolve;
        });
      }
    });
    await clock.advance(0.8 * HOUR_MS);
    server.closeAll(3001, 'shutdown');
    await clock.advance(10_000);
    give('late');
    await settle();
    expect(server.receivedOf('refresh')).to.eql([]);
    expect([asked, client.state.name]).to.eql([3, 'connected']);
  });

  it('is asked for once more when the first one that was shown had expired already', async () => {
    let refusals = 1;
    server.intercept = (frame, connection) => {
      if (frame.type !== 'connect' || refusals-- <= 0) return false;
      const message = 'the token has expired';
      connection.send({ type: 'error', id: 'connect', code: 'expired', message, retry: false });
      return true;
    };
    await started();
    await clock.advance(10_000);
    expect(client.state.name).to.equal('connected');
    expect(questions.map(({ expired }) => expired)).to.eql([false, true]);
    refusals = 2;
    server.closeAll(3001, 'shutdown');
    await clock.advance(60_000);
    expect(client.state).to.deep.include({ name: 'closed', code: 3500 });
    expect(questions.map(({ expired }) => expired)).to.eql([false, true, false, true]);
  });
});
