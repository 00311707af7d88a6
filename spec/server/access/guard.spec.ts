import { expect } from 'chai';
import { CallerRights, Guard } from '../../../server/access/guard.js';
import { Members } from '../../../server/access/members.js';
import { MemoryLog } from '../../actors/log/memory-log.js';

/** A guard over a log in memory. `judged` lists the users that were judged again; `*` means everybody. */
function rig(mode: 'members' | 'open' = 'members') {
  const log = new MemoryLog();
  const judged: string[] = [];
  const guard = new Guard({
    log,
    isTest: () => false,
    refusesTestThreads: false,
    settings: { mode, mayCreate: true, ownsOpenThreads: true }
  });
  guard.onChanged = (_, users) => judged.push(...users);
  guard.onOpened = () => judged.push('*');
  const members = new Members({ log, guard, tell: () => undefined });
  return { log, guard, judged, members };
}

describe('Guard.changes', () => {
  it('judges everybody again who may have waited when a thread gets its first member or an owner', async () => {
    const { judged, members } = rig();
    await members.set('a', 'ada', 'member', null);
    await members.setOwner('b', 'ben');
    expect(judged).to.deep.equal(['ada', '*', 'ben', '*']);
  });

  it('judges only the user again when the thread has somebody already, or everybody may read it', async () => {
    const { judged, members } = rig();
    await members.set('a', 'ada', 'member', null);
    judged.length = 0;
    await members.set('a', 'ben', 'reader', null);
    const open = rig('open');
    await open.members.set('a', 'kim', 'reader', null);
    expect([judged, open.judged]).to.deep.equal([['ben'], ['kim']]);
  });

  it('judges the owner between two changes again that ran at the same time', async () => {
    const { log, guard, judged, members } = rig();
    await members.setOwner('a', 'olga');
    judged.length = 0;
    const [first, second] = [
      guard.changes('a', 'ann', 'owner'),
      guard.changes('a', 'ben', 'owner')
    ];
    await log.setOwner('a', 'ann');
    first();
    judged.length = 0;
    await log.setOwner('a', 'ben');
    second();
    expect(judged).to.include.members(['olga', 'ann', 'ben']);
  });

  for (const [what, isEarlier] of [
    ['before', true],
    ['after', false]
  ] as const) {
    it(`judges who creates the thread again when its message was sent ${what} an owner is named`, async () => {
      const { log, guard, judged } = rig();
      const begun: (() => void)[] = [];
      if (isEarlier) begun.push(guard.opens('a', 'ada'));
      const changed = guard.changes('a', 'ben', 'owner');
      if (!isEarlier) begun.push(guard.opens('a', 'ada'));
      await log.setOwner('a', 'ada');
      for (const end of begun) end();
      judged.length = 0;
      await log.setOwner('a', 'ben');
      changed();
      expect(judged).to.include.members(['ada', 'ben']);
    });
  }

  it('judges nobody again, and keeps what is known of rights, when the owner stays the same', async () => {
    const { guard, judged, members } = rig();
    await members.setOwner('a', 'olga');
    const { version } = guard;
    judged.length = 0;
    guard.changes('a', 'olga', 'owner')();
    expect([judged, guard.version]).to.deep.equal([[], version]);
  });

  it('judges everybody again as soon as the change is stored, before anything else is', async () => {
    const { log, judged, members } = rig();
    const before: string[] = [];
    log.list = () => {
      before.push(judged.join());
      return Promise.reject(new Error('the disk is full'));
    };
    const failed = [
      await members.set('a', 'ada', 'member', null).catch(String),
      await members.setOwner('a', 'ben').catch(String)
    ];
    expect(failed).to.deep.equal(['Error: the disk is full', 'Error: the disk is full']);
    expect(before).to.deep.equal(['ada,*', 'ada,*,ben']);
  });
});

describe('Guard.changes while the log cannot be read', () => {
  it('begins nothing: later changes judge nobody on its behalf', async () => {
    const { log, guard, judged, members } = rig();
    await members.setOwner('a', 'olga');
    log.isUnreadable = true;
    expect(() => guard.changes('a', 'ben', 'owner')).to.throw('cannot be read');
    expect(() => guard.changes('b', 'ben', 'role')).to.throw('cannot be read');
    log.isUnreadable = false;
    guard.changes('a', 'ann', 'owner')();
    judged.length = 0;
    guard.changes('a', 'olga', 'owner')();
    expect(judged).to.deep.equal([]);
  });
});

describe('CallerRights.may', () => {
  it('looks for members only where it depends on them whether the thread is new', () => {
    const ada = {
      kind: 'user',
      user: 'ada',
      expiresAt: null,
      isProbe: false,
      grants: null
    } as const;
    for (const mode of ['open', 'members'] as const) {
      const { log, guard } = rig(mode);
      let walks = 0;
      const records = log.records.bind(log);
      log.records = (...all) => {
        walks++;
        return records(...all);
      };
      expect(new CallerRights(guard, ada).may('new')).to.include('write');
      expect(walks > 0, mode).to.equal(mode === 'members');
    }
  });
});
