/**
 * Which refusals pass by themselves, and why, row by row, with what the SDK makes of each. A passing refusal that is
 * reported as permanent ends a client that did nothing wrong. After a permanent one that is reported as passing, the
 * SDK sends the frame again for ever, and the frames behind it wait.
 */
import { expect } from 'chai';
import { connect, RollcallError, type Client } from '../../client/sdk/client.js';
import { OPERATOR_ERRORS, type OperatorErrorCode } from '../../actors/operator-errors.js';
import { CLOSES, ERRORS, type CloseCode, type ErrorCode } from '../../protocol/errors.js';
import { FakeRollcall } from '../client/sdk/fake-rollcall.js';
import { memoryWebSocket } from '../client/sdk/memory-socket.js';
import { settle, VirtualClock } from '../virtual-clock.js';

/** `passes`: it ends without a change by the sender. */
interface Verdict {
  readonly is: 'passes' | 'permanent';
  readonly because: string;
}

const passes = (because: string): Verdict => ({ is: 'passes', because });
const permanent = (because: string): Verdict => ({ is: 'permanent', because });

/**
 * For a permanent refusal the SDK rejects the promise. For a passing one it sends again after `afterMs`, or a second or
 * two.
 */
const REFUSALS: Readonly<Record<ErrorCode, Verdict>> = {
  bad_json: permanent('the same text is no more JSON the next time'),
  bad_frame: permanent('the same frame does not fit the next time either'),
  unknown_type: permanent('this server has no handler for it until it is another version'),
  forbidden_kind: permanent('the kinds are a list of the protocol'),
  not_connected: permanent('the order of frames is the client’s'),
  already_connected: permanent('the order of frames is the client’s'),
  unauthorized: permanent(
    'a token does not become valid; a key server that is away is `unavailable`'
  ),
  expired: permanent('a token that has ended stays so: its holder needs another one'),
  revoked: permanent('what is revoked stays so until somebody lifts it'),
  forbidden: permanent('somebody has to give the permission first'),
  reserved_thread: permanent('the id and the setting stay'),
  bad_thread: permanent('the id stays'),
  too_large: permanent('the frame stays as long, and so does the limit of this connection'),
  too_many_subscriptions: permanent(
    'only the client itself can make room: the limit is of its connection'
  ),
  not_subscribed: permanent('the client has to subscribe first'),
  rate_limited: passes('the bucket fills; other connections of the address go'),
  unavailable: passes('the log, the key server or the store comes back; room is made'),
  conflict: permanent('the stored message keeps its mid and its body'),
  queue_full: permanent(
    'somebody has to wait for a run, or to withdraw one: to send again at once only fills the queue'
  ),
  not_found: permanent('what is not there does not come by asking')
};

/** After a passing end the SDK reconnects with backoff; a permanent one is its state `closed`. */
const ENDS: Readonly<Record<CloseCode, Verdict>> = {
  1009: passes(
    'one frame was too big; the SDK sends no such frame, so the next connection is without it'
  ),
  3001: passes('another node serves, or this one again'),
  3004: passes(
    'a fault of the server, not of the client; also a token that could not be checked in time'
  ),
  3005: passes('the application has a newer token: it is asked with `expired`'),
  3008: passes('the reader was slow for a minute; it resumes from its last offset'),
  3012: passes('the network was away'),
  3013: passes('the bucket is half full again after a second'),
  3014: passes(
    'another connection goes; often they are the client’s own old ones that nobody has missed yet'
  ),
  3500: permanent('the same token is refused again'),
  3501: permanent('a client that sends what are no frames sends them again'),
  3502: permanent(
    'a client that never says `connect` does not say it the next time; one whose `connect` was read gets 3004'
  ),
  3503: permanent('somebody wanted it out'),
  3504: permanent('the contract says so, and that is why no full house answers it: see 3014'),
  3507: permanent('somebody has to give the permission first')
};

/** Whether a restart may help although nobody has changed anything: what a supervisor should do with exit code 3. */
const FAULTS_OF_OPERATION: Readonly<Record<OperatorErrorCode, Verdict>> = {
  config_refused: permanent('the configuration stays'),
  config_value: permanent('the configuration stays'),
  config_env_file: permanent('the file stays'),
  config_unknown: permanent('the configuration stays'),
  config_test_mode: permanent('the configuration stays'),
  data_dir: permanent('the directory stays what it is'),
  data_dir_permission: permanent('permissions stay'),
  data_dir_read_only: permanent('the mount stays'),
  data_dir_no_directory: permanent('the file stays'),
  data_dir_full: passes('others free space'),
  data_dir_contended: passes('one of those that claim it wins'),
  data_dir_in_use: passes(
    'the other server stops: a new one often starts before the old one has drained'
  ),
  log_format: permanent('the log stays of the newer version'),
  log_corrupt: permanent('damage stays; starting again must not hide it'),
  log_open: permanent('permissions stay'),
  log_role: permanent('the directory and NATS_URL stay what they are'),
  port_in_use: passes('the other process ends: often the server itself, before it was restarted'),
  listen: permanent('HOST names no address of this machine'),
  uws_not_loadable: permanent('the binary stays missing'),
  clickhouse_required: passes(
    'ClickHouse comes back; a wrong password is in the same line, by its reason'
  )
};

describe('refusals', () => {
  let clock: VirtualClock;
  let server: FakeRollcall;
  let client: Client;

  beforeEach(async () => {
    clock = new VirtualClock();
    server = new FakeRollcall(() => clock.now());
    client = connect('ws://fake/ws', {
      WebSocket: memoryWebSocket(server),
      clock,
      random: () => 0.5,
      user: 'ada'
    });
    await settle();
  });
  afterEach(() => {
    client.close();
  });

  for (const [code, { retry }] of Object.entries(ERRORS)) {
    const { is, because } = REFUSALS[code as ErrorCode];
    const does = is === 'passes' ? 'sent again by the SDK' : 'given back by the SDK';
    it(`${code} ${is}, and is ${does}: ${because}`, async () => {
      expect(retry).to.equal(is === 'passes');
      let refused = 0;
      server.intercept = (frame, connection) => {
        if (frame.type !== 'publish' || frame.id === undefined || refused++ > 0) return false;
        connection.send({ type: 'error', id: frame.id, code, message: '', retry });
        return true;
      };
      let outcome = 'waits';
      client.publish('t', 'hi').then(
        () => (outcome = 'stored'),
        (error: unknown) => (outcome = error instanceof RollcallError ? error.code : String(error))
      );
      await clock.advance(3_000);
      expect(outcome).to.equal(is === 'passes' ? 'stored' : code);
    });
  }

  for (const [number, { reason, reconnect }] of Object.entries(CLOSES)) {
    const code = Number(number) as CloseCode;
    const { is, because } = ENDS[code];
    const does = is === 'passes' ? 'comes back' : 'stays away';
    it(`${number} ${is}, and the SDK ${does}: ${because}`, async () => {
      expect(reconnect).to.equal(is === 'passes');
      for (const { peer } of [...server.connections]) peer.close(code, reason);
      await clock.advance(20_000);
      expect(client.state.name).to.equal(is === 'passes' ? 'connected' : 'closed');
    });
  }

  it('backs off, further each time, from a house that stays full', async () => {
    let attempts = 0;
    server.intercept = (frame, { peer }) => {
      if (frame.type !== 'connect') return false;
      attempts += 1;
      peer.send(
        JSON.stringify({ type: 'disconnect', code: 3014, reason: 'no room', reconnect: true })
      );
      peer.close(3014, 'no room');
      return true;
    };
    server.closeAll(3014, 'no room');
    await clock.advance(60_000);
    const inTheFirstMinute = attempts;
    await clock.advance(60_000);
    expect(inTheFirstMinute).to.be.within(6, 12);
    expect(attempts - inTheFirstMinute).to.be.within(4, 7);
    server.intercept = () => false;
    await clock.advance(20_000);
    expect(client.state.name).to.equal('connected');
  });

  for (const [code, { passes: saysSo }] of Object.entries(OPERATOR_ERRORS)) {
    const { is, because } = FAULTS_OF_OPERATION[code as OperatorErrorCode];
    it(`${code} ${is}: ${because}`, () => {
      expect(saysSo).to.equal(is === 'passes');
    });
  }
});
