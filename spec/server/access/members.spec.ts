import { expect } from 'chai';
import { MemoryLog } from '../../actors/log/memory-log.js';
import type { MemberFrame } from '../../../server/access/members.js';
import { Members, MEMBERS_MAX, TooManyMembersError } from '../../../server/access/members.js';

describe('Members', () => {
  let log: MemoryLog;
  let told: MemberFrame[];
  let owners: unknown[];
  let members: Members;

  const tooMany = (error: unknown): boolean => {
    if (error instanceof TooManyMembersError) return true;
    throw error;
  };
  /** Adds some members, and returns how many were refused. */
  const add = async (...users: readonly string[]): Promise<number> => {
    const added = users.map((user) => members.set('t', user, 'reader', null).catch(tooMany));
    return (await Promise.all(added)).filter((refused) => refused === true).length;
  };
  const names = (count: number): string[] =>
    Array.from({ length: count }, (_, n) => `u${String(n)}`);

  beforeEach(() => {
    log = new MemoryLog();
    told = [];
    owners = [];
    members = new Members({
      log,
      guard: {
        changes: (...change) => {
          if (change[2] === 'owner') owners.push(change);
          return () => undefined;
        }
      },
      tell: (frame) => told.push(frame)
    });
  });

  it('has room for so many, also when several come at once', async () => {
    expect(await add(...names(MEMBERS_MAX - 1))).to.equal(0);
    expect(await add('one', 'two', 'three')).to.equal(2);
    expect(members.of('t').members).to.have.length(MEMBERS_MAX);
    expect(told).to.have.length(MEMBERS_MAX);
  });

  it('lets a full thread change and remove its members', async () => {
    await add(...names(MEMBERS_MAX));
    expect(await add('more')).to.equal(1);
    await members.set('t', 'u1', 'member', null);
    await members.set('t', 'u2', null, null);
    expect(await add('more')).to.equal(0);
    expect(members.role('t', 'u1')).to.equal('member');
  });

  it('frees the room of who could not be stored', async () => {
    await add(...names(MEMBERS_MAX - 1));
    log.fail('the disk is full');
    const refused = await members.set('t', 'one', 'reader', null).catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(Error).and.not.instanceOf(TooManyMembersError);
    log.fail(null);
    expect(await add('two')).to.equal(0);
  });

  it('says of a change of the owner who makes it', async () => {
    await members.setOwner('t', 'ada', null);
    await members.setOwner('t', 'bob', 'ada');
    expect(owners).to.eql([
      ['t', 'ada', 'owner', null],
      ['t', 'bob', 'owner', 'ada']
    ]);
  });
});
