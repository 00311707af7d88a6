import { expect } from 'chai';
import { GrantsError, grantsOf, isGranted, PATTERNS_MAX } from '../../../server/access/grants.js';
import { THREAD_ID_MAX } from '../../../protocol/frames.js';

const CLAIM = { 'room:*': ['read', 'write'], 'dm:{sub}:*': ['read'], t42: ['manage'] };

describe('grantsOf', () => {
  const grants = grantsOf(CLAIM, 'ada') ?? [];

  for (const [thread, action, is] of [
    ['room:1', 'read', true],
    ['room:', 'write', true],
    ['room', 'read', false],
    ['room:1', 'manage', false],
    ['Room:1', 'read', false],
    ['a-room:1', 'read', false],
    ['dm:ada:bob', 'read', true],
    ['dm:bob:ada', 'read', false],
    ['dm:{sub}:bob', 'read', false],
    ['t42', 'manage', true],
    ['t421', 'manage', false],
    ['t42', 'read', false]
  ] as const) {
    it(`${is ? 'grants' : 'does not grant'} ${action} on ${thread}`, () => {
      expect(isGranted(grants, action, thread)).to.equal(is);
    });
  }

  it('is null when the token names no threads, and grants nothing when it names none of them', () => {
    expect(grantsOf(undefined, 'ada')).to.equal(null);
    expect(grantsOf({}, 'ada')).to.eql([]);
    expect(isGranted([], 'read', 't')).to.equal(false);
  });

  it('writes the name of the user as it is, whatever is in it', () => {
    const [grant] = grantsOf({ 'dm:{sub}': ['read'] }, '$&') ?? [];
    expect(grant?.text).to.equal('dm:$&');
  });

  it('takes * alone for every thread', () => {
    expect(isGranted(grantsOf({ '*': ['read'] }, 'ada') ?? [], 'read', 'any')).to.equal(true);
  });

  it('lets no user widen a pattern by a name', () => {
    const grants = grantsOf({ 'dm:{sub}': ['read'] }, 'a*') ?? [];
    expect(isGranted(grants, 'read', 'dm:ab')).to.equal(false);
  });

  const many = (count: number): object =>
    Object.fromEntries(Array.from({ length: count }, (_, n) => [`t${String(n)}`, ['read']]));

  it('takes as many patterns as may be, and no more', () => {
    expect(grantsOf(many(PATTERNS_MAX), 'ada')).to.have.length(PATTERNS_MAX);
    expect(() => grantsOf(many(PATTERNS_MAX + 1), 'ada')).to.throw(GrantsError, '64');
  });

  for (const [what, claim] of [
    ['a list', ['room:*']],
    ['a text', 'room:*'],
    ['null', null],
    ['an action that there is not', { t: ['delete'] }],
    ['an action that is no text', { t: [1] }],
    ['actions that are no list', { t: 'read' }],
    ['a star in the middle', { 'a*b': ['read'] }],
    ['two stars', { 'a**': ['read'] }],
    ['a pattern that no id fits', { ['t'.repeat(THREAD_ID_MAX + 1)]: ['read'] }]
  ] as const) {
    it(`refuses ${what}`, () => {
      expect(() => grantsOf(claim, 'ada')).to.throw(GrantsError);
    });
  }
});
