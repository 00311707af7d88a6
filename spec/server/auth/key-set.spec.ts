import { expect } from 'chai';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose';
import { AuthError, createAuthenticator } from '../../../server/auth/auth.js';
import { NoAnswerError } from '../../../server/auth/bounded-json.js';
import {
  FIRST_KEYS_AGAIN_MS,
  KEYS_AGAIN_MS,
  KEYS_MAX,
  KEYS_MAX_AGE_MS,
  KeySet,
  type KeySetState
} from '../../../server/auth/key-set.js';
import { SWEEP_MS } from '../../../server/chat/connections.js';
import { settle, VirtualClock } from '../../virtual-clock.js';

interface Pair {
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

describe('KeySet', () => {
  const pairs: Pair[] = [];
  before(async () => {
    for (const kid of ['k1', 'k2']) {
      const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
      pairs.push({ privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: 'ES256' } });
    }
  });
  const jwk = (index: number): JWK => pairs[index]!.jwk;
  const signed = (index: number, kid = jwk(index).kid!): Promise<string> =>
    new SignJWT({ sub: 'ada' })
      .setProtectedHeader({ alg: 'ES256', kid })
      .sign(pairs[index]!.privateKey);

  /** A key server. `answer` is its next response; an error makes the fetch fail, null makes it hang until `letGo`. */
  function rig(first: unknown) {
    const clock = new VirtualClock();
    const states: KeySetState[] = [];
    const rigged = {
      clock,
      states,
      answer: first,
      fetches: 0,
      letGo: (): void => undefined
    };
    const keys = new KeySet({
      clock,
      fetch: async () => {
        rigged.fetches++;
        if (rigged.answer === null) await new Promise<void>((resolve) => (rigged.letGo = resolve));
        if (rigged.answer instanceof Error) throw rigged.answer;
        return rigged.answer;
      },
      onFetched: (state) => states.push(state)
    });
    const auth = createAuthenticator({
      keys: keys.find,
      algorithms: [],
      audiences: [],
      issuers: [],
      mustExpire: false
    });
    /** Returns the user of a token, or the code of the refusal. */
    const verdict = async (token: string): Promise<string> => {
      try {
        return (await auth.verify(token)).user;
      } catch (error) {
        if (error instanceof AuthError) return error.code;
        throw error;
      }
    };
    const live = async (ms: number): Promise<void> => {
      for (let at = 0; at < ms; at += SWEEP_MS) {
        await clock.advance(SWEEP_MS);
        keys.sweep();
        await settle();
      }
    };
    return Object.assign(rigged, { keys, verdict, live });
  }

  it('fetches once for all tokens that come at the same time', async () => {
    const server = rig({ keys: [jwk(0)] });
    const tokens = await Promise.all([signed(0), signed(0), signed(0)]);
    const said = await Promise.all(tokens.map((token) => server.verdict(token)));
    expect(said).to.eql(['ada', 'ada', 'ada']);
    expect(server.fetches).to.equal(1);
  });

  it('takes a new key after one fetch, at once, and refuses the old one from then on', async () => {
    const server = rig({ keys: [jwk(0)] });
    const old = await signed(0);
    expect(await server.verdict(old)).to.equal('ada');
    server.answer = { keys: [jwk(1)] };
    expect(await server.verdict(await signed(1))).to.equal('ada');
    expect(server.fetches).to.equal(2);
    await server.live(KEYS_AGAIN_MS);
    expect(await server.verdict(old)).to.equal('unauthorized');
  });

  it('notices a removed key without being asked once the set is old', async () => {
    const server = rig({ keys: [jwk(0), jwk(1)] });
    await server.live(SWEEP_MS);
    server.answer = { keys: [jwk(1)] };
    await server.live(KEYS_MAX_AGE_MS - SWEEP_MS);
    expect([server.fetches, await server.verdict(await signed(0))]).to.eql([1, 'ada']);
    await server.live(2 * SWEEP_MS);
    expect(server.fetches).to.equal(2);
    expect(await server.verdict(await signed(0))).to.equal('unauthorized');
  });

  it('fetches at most once a minute for invented keys, and refuses a new one for good only after a fetch', async () => {
    const server = rig({ keys: [jwk(0)] });
    await server.verdict(await signed(0));
    const said: string[] = [];
    for (let i = 0; i < 20; i++)
      said.push(await server.verdict(await signed(1, `no-${String(i)}`)));
    expect(said.slice(0, 3)).to.eql(['unauthorized', 'unavailable', 'unavailable']);
    expect(server.fetches).to.equal(2);
    // A valid token of a key added meanwhile gets `unavailable` first, and is accepted after the next fetch.
    server.answer = { keys: [jwk(0), jwk(1)] };
    expect(await server.verdict(await signed(1))).to.equal('unavailable');
    await server.clock.advance(KEYS_AGAIN_MS);
    expect(await server.verdict(await signed(1))).to.equal('ada');
    expect(server.fetches).to.equal(3);
  });

  it('keeps the set that it has while no other can be fetched, trying once a minute', async () => {
    const server = rig({ keys: [jwk(0)] });
    await server.live(SWEEP_MS);
    server.answer = new NoAnswerError('answered 500');
    await server.live(KEYS_MAX_AGE_MS);
    expect(server.states.at(-1)).to.eql({ fault: 'answered 500', hasKeys: true });
    expect(server.fetches).to.equal(2);
    await server.live(10 * KEYS_AGAIN_MS);
    expect(server.fetches).to.equal(12);
    expect(await server.verdict(await signed(0))).to.equal('ada');
    expect(await server.verdict(await signed(1))).to.equal('unavailable');
    expect(server.fetches).to.equal(12);
    server.answer = { keys: [jwk(0), jwk(1)] };
    await server.live(KEYS_AGAIN_MS);
    expect(server.states.at(-1)).to.eql({ fault: null, hasKeys: true });
    expect(await server.verdict(await signed(1))).to.equal('ada');
  });

  it('lets nobody wait for a fetch whose key it has', async () => {
    const server = rig({ keys: [jwk(0)] });
    await server.live(SWEEP_MS);
    server.answer = null;
    const unknown = server.verdict(await signed(1));
    expect(await server.verdict(await signed(0))).to.equal('ada');
    server.answer = new NoAnswerError('has not answered within 5000 ms');
    server.letGo();
    expect(await unknown).to.equal('unavailable');
  });

  it('answers unavailable until there is a set, trying every second, and lets who comes meanwhile wait for it', async () => {
    const server = rig(new NoAnswerError('cannot be reached (ECONNREFUSED)'));
    expect(await server.verdict(await signed(0))).to.equal('unavailable');
    expect(server.states).to.eql([{ fault: 'cannot be reached (ECONNREFUSED)', hasKeys: false }]);
    server.answer = { keys: [jwk(0)] };
    const waiting = [server.verdict(await signed(0)), server.verdict(await signed(0))];
    await settle();
    expect(server.fetches).to.equal(1);
    await server.clock.advance(FIRST_KEYS_AGAIN_MS);
    expect(await Promise.all(waiting)).to.eql(['ada', 'ada']);
    expect(server.fetches).to.equal(2);
  });

  it('takes nothing for a set that is none, or has too many keys', async () => {
    const many = { keys: Array.from({ length: KEYS_MAX + 1 }, () => jwk(0)) };
    for (const answer of [
      null,
      'keys',
      [],
      {},
      { keys: {} },
      { keys: [1] },
      { keys: [{}] },
      many
    ]) {
      const server = rig(answer ?? 0);
      expect(await server.verdict(await signed(0)), JSON.stringify(answer)).to.equal('unavailable');
      expect(server.states[0]?.fault).to.match(/no set of at most 100 keys/);
    }
  });
});
