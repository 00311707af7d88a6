import { expect } from 'chai';
import { grantsOf } from '../../../server/access/grants.js';
import { tokenless } from '../../../server/access/identity.js';
import { PAGE_MESSAGES } from '../../../server/chat/catch-up.js';
import { append, entry } from '../../actors/log/lmdb/log-fixture.js';
import { settle } from '../../virtual-clock.js';
import { doors } from '../doors-rig.js';

const MESSAGES = 4 * PAGE_MESSAGES;

/** Token of vic whose grants do not include the thread. */
const NARROW = 'narrow';

/** A thread of `owner` with several pages of messages. vic's replay of it has begun and is not complete. */
async function replaying(owner: string) {
  const rig = doors('vic', 0, undefined, {
    settings: { mode: 'members', mayCreate: true, ownsOpenThreads: false },
    auth: {
      isRequired: true,
      verify: (token) =>
        Promise.resolve(
          token === NARROW
            ? { ...tokenless('vic'), grants: grantsOf({ other: ['read'] }, 'vic') }
            : tokenless(token ?? '')
        )
    }
  });
  for (let n = 1; n <= MESSAGES; n++) await append(rig.log, 't', entry(`m${String(n)}`));
  await rig.members.setOwner('t', owner);
  await rig.members.set('t', 'vic', 'reader', null);
  const { socket, say } = await rig.socket();
  const ofType = (type: string): number =>
    socket.frames.filter((each) => each['type'] === type).length;
  say('{"type":"subscribe","thread":"t","since":"start"}');
  expect(ofType('message')).to.be.within(1, MESSAGES - 1);
  return { ...rig, socket, say, ofType };
}

type Rig = Awaited<ReturnType<typeof replaying>>;

const WAYS: Readonly<Record<string, readonly [owner: string, lose: (rig: Rig) => Promise<void>]>> =
  {
    'the member is removed': ['olga', ({ members }) => members.set('t', 'vic', null, null)],
    'the thread gets another owner': [
      'vic',
      async ({ members }) => {
        await members.set('t', 'vic', null, null);
        await members.setOwner('t', 'olga');
      }
    ],
    'the token names less': [
      'vic',
      ({ say }) => {
        say(`{"type":"refresh","token":"${NARROW}"}`);
        return Promise.resolve();
      }
    ]
  };

describe('a replay under way', () => {
  for (const [what, [owner, lose]] of Object.entries(WAYS)) {
    it(`ends where it is when ${what}`, async () => {
      const rig = await replaying(owner);
      await lose(rig);
      await settle();
      const types = rig.socket.frames.map(({ type }) => type);
      const gone = types.indexOf('unsubscribed');
      expect(gone).to.be.above(0);
      expect(types.slice(gone + 1).filter((type) => type !== 'refreshed')).to.eql([]);
      expect(rig.ofType('message')).to.be.within(1, MESSAGES - 1);
    });
  }

  it('goes on to the end for whoever may read', async () => {
    const rig = await replaying('olga');
    for (let turn = 0; turn < 10 && rig.ofType('caught_up') === 0; turn++) await settle();
    expect([rig.ofType('message'), rig.ofType('caught_up')]).to.eql([MESSAGES, 1]);
  });
});
