import { expect } from 'chai';
import { WrongKeys } from '../../../../server/chat/work/wrong-keys.js';
import { json, problem } from '../../../../server/transport/problem.js';
import type { TransportRequest } from '../../../../server/transport/transport.js';
import { VirtualClock } from '../../../virtual-clock.js';

const PER_SECOND = 3;
const BURST = 2 * PER_SECOND;

const WRONG = problem('unauthorized');

function from(
  address: string,
  headers: Record<string, string> = { 'x-api-key': 'wrong' },
  query = ''
): TransportRequest {
  return {
    method: 'GET',
    path: '/api/stats',
    query,
    address,
    header: (name) => headers[name],
    body: () => Promise.resolve('')
  };
}

function rig(perSecond = PER_SECOND) {
  const clock = new VirtualClock();
  const refused: string[] = [];
  const keys = new WrongKeys({
    perSecond,
    trustProxy: true,
    clock,
    limited: (limit) => refused.push(limit)
  });
  const guess = (request: TransportRequest, times: number): void => {
    for (let n = 0; n < times; n++) keys.judge(request, WRONG);
  };
  return { clock, keys, refused, guess };
}

describe('WrongKeys', () => {
  it('lets as many wrong keys pass as it says, and not one more, whatever key comes then', async () => {
    const { clock, keys, refused, guess } = rig();
    const one = from('192.0.2.1');
    guess(one, BURST - 1);
    expect(keys.refusal(one)).to.equal(null);
    expect(refused).to.deep.equal([]);
    guess(one, 1);
    const reply = keys.refusal(one);
    expect(reply?.status).to.equal(429);
    expect(reply?.headers['retry-after']).to.equal('1');
    expect(refused).to.deep.equal(['wrong_keys_address']);
    const afterMs = keys.waitMs('192.0.2.1');
    await clock.advance(afterMs - 1);
    expect(keys.waitMs('192.0.2.1')).to.equal(1);
    await clock.advance(1);
    expect(keys.refusal(one)).to.equal(null);
  });

  it('charges the address that the proxy reports, and nobody else', () => {
    const { keys, guess } = rig();
    const behind = (address: string) =>
      from('127.0.0.1', { 'x-api-key': 'wrong', 'x-forwarded-for': address });
    guess(behind('192.0.2.1'), BURST);
    expect(keys.refusal(behind('192.0.2.1'))).to.not.equal(null);
    expect(keys.refusal(behind('192.0.2.2'))).to.equal(null);
  });

  it('leaves who shows no key alone', () => {
    const { keys, guess } = rig();
    const bare = from('192.0.2.1', {});
    guess(bare, 10 * BURST);
    expect(keys.waitMs('192.0.2.1')).to.equal(0);
    guess(from('192.0.2.1'), BURST);
    expect(keys.refusal(bare)).to.equal(null);
  });

  const shown: [string, TransportRequest][] = [
    ['a bearer token', from('192.0.2.1', { authorization: 'Bearer x' })],
    ['an API key', from('192.0.2.1', { 'x-api-key': 'x' })],
    ['a subprotocol', from('192.0.2.1', { 'sec-websocket-protocol': 'a, bearer.x' })],
    ['a token in the address', from('192.0.2.1', {}, 'token=x')],
    ['a ticket in the address', from('192.0.2.1', {}, 'after=1&ticket=x')]
  ];
  for (const [what, request] of shown) {
    it(`knows a key when it is shown as ${what}`, () => {
      const { keys, guess } = rig();
      guess(request, BURST);
      expect(keys.refusal(request)).to.not.equal(null);
    });
  }

  it('counts no right key, no token that has ended or was revoked, and no other refusal', () => {
    const { keys } = rig();
    const one = from('192.0.2.1');
    const replies = [
      json(200, {}),
      json(401, { code: 'unauthorized' }),
      problem('expired'),
      problem('revoked'),
      problem('forbidden'),
      problem('unavailable')
    ];
    for (const reply of replies) for (let n = 0; n < BURST; n++) keys.judge(one, reply);
    expect(keys.waitMs('192.0.2.1')).to.equal(0);
  });

  it('limits nobody when it is 0', () => {
    const { keys, guess } = rig(0);
    guess(from('192.0.2.1'), 1_000);
    expect(keys.refusal(from('192.0.2.1'))).to.equal(null);
  });
});
