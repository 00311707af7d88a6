import { expect } from 'chai';
import { connect, type Client, type ConnectOptions } from '../../../../client/sdk/client.js';
import { settle, VirtualClock } from '../../../virtual-clock.js';
import { FakeRollcall } from '../fake-rollcall.js';
import { memoryWebSocket } from '../memory-socket.js';

describe('the cause of a connection’s end', () => {
  let clock: VirtualClock;
  let server: FakeRollcall;
  let client: Client;

  const started = async (options: ConnectOptions = {}): Promise<void> => {
    client = connect('ws://fake/ws', {
      WebSocket: memoryWebSocket(server),
      clock,
      random: () => 0,
      ...options
    });
    await settle();
  };
  const end = (): string => {
    const { state } = client;
    return state.name === 'closed' ? `${state.cause} ${state.error.code}` : state.name;
  };

  beforeEach(() => {
    clock = new VirtualClock();
    server = new FakeRollcall(() => clock.now());
  });

  afterEach(() => {
    client.close();
    expect(clock.waiting, 'timers left after close').to.equal(0);
  });

  it('is a revoked token when a good one is refused in the middle, for good', async () => {
    await started({ token: 'good' });
    server.closeAll(3500, 'token revoked');
    await clock.advance(120_000);
    expect(end()).to.equal('revoked unauthorized');
    if (client.state.name === 'closed') {
      expect(client.state.error.message).to.equal('the token has been revoked: sign in again');
    }
    expect(server.receivedOf('connect')).to.have.length(1);
  });

  it('is an expired token when there is no fresh one', async () => {
    server.token = 'good';
    await started({ token: 'good' });
    server.token = 'another';
    server.closeAll(3005, 'token expired');
    await clock.advance(120_000);
    expect(end()).to.equal('expired unauthorized');
    expect(server.receivedOf('connect')).to.have.length(2);
  });

  it('is none when there is a fresh one', async () => {
    server.token = 'good';
    const getToken = (): string => server.token ?? '';
    await started({ getToken });
    server.token = 'another';
    server.closeAll(3005, 'token expired');
    await clock.advance(5_000);
    expect(end()).to.equal('connected');
    server.closeAll(1006, '');
    server.token = 'a third';
    client.close();
    expect(end()).to.equal('closed closed');
  });

  it('is a token that is not accepted', async () => {
    server.token = 'good';
    await started({ token: 'bad' });
    expect(end()).to.equal('unauthorized unauthorized');
  });

  for (const code of ['revoked', 'expired'] as const) {
    it(`is ${code} when the server says so of a token that it has never let in`, async () => {
      server.intercept = (frame, connection) => {
        if (frame.type !== 'connect') return false;
        server.refuse(frame, connection, { code, retry: false });
        connection.peer.close(3500, 'unauthorized');
        return true;
      };
      await started({ token: 'old' });
      await clock.advance(120_000);
      expect(end()).to.equal(`${code} ${code}`);
    });
  }

  for (const [code, cause] of [
    [3503, 'kicked'],
    [3507, 'forbidden'],
    [3501, 'other']
  ] as const) {
    it(`is ${cause} after ${String(code)}`, async () => {
      await started();
      server.closeAll(code, 'because');
      await settle();
      expect(end()).to.equal(`${cause} closed`);
    });
  }
});
