import { expect } from 'chai';
import {
  authorize,
  type AccessRecord,
  type AccessSettings,
  type JudgedThread
} from '../../../server/access/authorize.js';
import { ACTIONS, grantsOf } from '../../../server/access/grants.js';
import { BACKEND, tokenless, type Identity } from '../../../server/access/identity.js';
import { SCOPES } from '../../../server/access/scopes.js';

const NEW: AccessRecord = { isNew: true, owner: null, role: null };
const NOBODYS: AccessRecord = { isNew: false, owner: null, role: null };
const OTHERS: AccessRecord = { isNew: false, owner: 'olga', role: null };

const ADA = tokenless('ada');
const PROBE = tokenless('prober', true);
const GRANTED: Identity = { ...ADA, grants: grantsOf({ t: ['read', 'manage'] }, 'ada') };
const GRANTED_ELSEWHERE: Identity = { ...ADA, grants: grantsOf({ u: ['read'] }, 'ada') };

function keyOf(threads: unknown, isRetired = false): Identity {
  const grants = grantsOf(threads, '');
  const key = { name: 'shop', scopes: new Set(SCOPES), grants, expiresAt: null, isRetired };
  return { kind: 'backend', key };
}

/** Callers, each with the access record of the thread that it asks for. */
const CALLERS: Readonly<Record<string, readonly [Identity, AccessRecord]>> = {
  'a backend': [BACKEND, OTHERS],
  'a key of the thread': [keyOf({ t: ['read', 'write'] }), OTHERS],
  'a key of another thread': [keyOf({ u: ['read', 'write'] }), OTHERS],
  'a key that was taken back': [keyOf(undefined, true), OTHERS],
  'the owner': [ADA, { isNew: false, owner: 'ada', role: null }],
  'a member': [ADA, { ...OTHERS, role: 'member' }],
  'a reader': [ADA, { ...OTHERS, role: 'reader' }],
  'a stranger': [ADA, OTHERS],
  'a stranger, to a thread without an owner': [ADA, NOBODYS],
  'anybody, to a new thread': [ADA, NEW],
  'a token that names it': [GRANTED, NEW],
  'the token of its owner that names another': [
    GRANTED_ELSEWHERE,
    { isNew: false, owner: 'ada', role: null }
  ],
  'a probe': [PROBE, OTHERS]
};

/** Rights of each caller under each ACCESS mode: r read, w write, m manage, p probe. */
const MAY: Readonly<Record<string, Readonly<Record<AccessSettings['mode'], string>>>> = {
  'a backend': { open: 'rwmp', members: 'rwmp', token: 'rwmp' },
  'a key of the thread': { open: 'rw', members: 'rw', token: 'rw' },
  'a key of another thread': { open: '', members: '', token: '' },
  'a key that was taken back': { open: '', members: '', token: '' },
  'the owner': { open: 'rwm', members: 'rwm', token: '' },
  'a member': { open: 'rw', members: 'rw', token: '' },
  'a reader': { open: 'rw', members: 'r', token: '' },
  'a stranger': { open: 'rw', members: '', token: '' },
  'a stranger, to a thread without an owner': { open: 'rw', members: '', token: '' },
  'anybody, to a new thread': { open: 'rw', members: 'rw', token: '' },
  'a token that names it': { open: 'rm', members: 'rm', token: 'rm' },
  'the token of its owner that names another': { open: '', members: '', token: '' },
  'a probe': { open: 'rwp', members: 'p', token: 'p' }
};

const MODES = ['open', 'members', 'token'] as const;

function settings(
  mode: AccessSettings['mode'],
  changes: Partial<AccessSettings> = {}
): AccessSettings {
  return { mode, mayCreate: true, ownsOpenThreads: false, ...changes };
}

function thread(record: AccessRecord, changes: Partial<JudgedThread> = {}): JudgedThread {
  return { id: 't', isTest: false, isReserved: false, record: () => record, ...changes };
}

describe('authorize', () => {
  let rows = 0;
  for (const [who, [identity, record]] of Object.entries(CALLERS)) {
    for (const mode of MODES) {
      for (const action of ACTIONS) {
        const may = MAY[who]![mode].includes(action[0]!);
        rows++;
        it(`${may ? 'lets' : 'does not let'} ${who} ${action} with ACCESS=${mode}`, () => {
          const verdict = authorize(identity, action, thread(record), settings(mode));
          expect(verdict.isAllowed).to.equal(may);
        });
      }
    }
  }

  it('has a row for every caller, setting and action', () => {
    expect(rows).to.equal(13 * 3 * 4);
  });

  it('creates nothing with ACCESS_CREATE=false', () => {
    const closed = settings('members', { mayCreate: false });
    for (const action of ['read', 'write'] as const) {
      expect(authorize(ADA, action, thread(NEW), closed).isAllowed).to.equal(false);
    }
  });

  it('makes the first author the owner where access says so, and in development', () => {
    const mayOwn = (identity: Identity, set: AccessSettings): boolean => {
      const verdict = authorize(identity, 'write', thread(NEW), set);
      return verdict.isAllowed && verdict.mayOwn;
    };
    const granted: Identity = { ...ADA, grants: grantsOf({ t: ['write'] }, 'ada') };
    expect(mayOwn(ADA, settings('members'))).to.equal(true);
    expect(mayOwn(ADA, settings('open'))).to.equal(false);
    expect(mayOwn(ADA, settings('open', { ownsOpenThreads: true }))).to.equal(true);
    expect(mayOwn(ADA, settings('open', { ownsOpenThreads: true, mayCreate: false }))).to.equal(
      false
    );
    for (const mode of MODES) {
      expect(mayOwn(granted, settings(mode))).to.equal(false);
      expect(mayOwn(BACKEND, settings(mode))).to.equal(true);
    }
  });

  it('holds a right to create only for as long as nobody has', () => {
    const verdict = authorize(ADA, 'write', thread(NEW), settings('members'));
    expect(verdict).to.include({ isAllowed: true, isLasting: false });
  });

  it('keeps reserved threads for probes, from everybody and for every action', () => {
    const reserved = thread(NEW, { isTest: true, isReserved: true });
    for (const action of ACTIONS) {
      for (const mode of MODES) {
        for (const identity of [BACKEND, ADA, GRANTED]) {
          const verdict = authorize(identity, action, reserved, settings(mode));
          expect(verdict).to.eql({ isAllowed: false, code: 'reserved_thread' });
        }
        expect(authorize(PROBE, action, reserved, settings(mode)).isAllowed).to.equal(
          action !== 'manage'
        );
      }
    }
  });

  it('reads no record where the answer does not depend on it', () => {
    const unread = thread(NEW, {
      record: () => {
        throw new Error('the record was read');
      }
    });
    for (const action of ['read', 'write'] as const) {
      authorize(ADA, action, unread, settings('open'));
      authorize(BACKEND, action, unread, settings('members'));
      authorize(GRANTED, action, unread, settings('members'));
      authorize(ADA, action, unread, settings('token'));
    }
  });
});
