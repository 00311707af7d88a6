import { expect } from 'chai';
import { MemoryLog } from '../../actors/log/memory-log.js';
import { tokenless, type UserIdentity } from '../../../server/access/identity.js';
import {
  Revocations,
  REVOKED_TOKENS_MAX,
  TOKEN_ID_MAX,
  TooManyRevokedError
} from '../../../server/access/revocations.js';
import { revocable } from '../../../server/auth/revocable.js';

const held = (user: string, issuedAt: number | null, id: string | null = null): UserIdentity => ({
  ...tokenless(user),
  token: { issuedAt, id }
});

describe('Revocations', () => {
  let log: MemoryLog;
  let cut: string[];
  let revocations: Revocations;

  beforeEach(() => {
    log = new MemoryLog();
    cut = [];
    revocations = new Revocations({ log, cut: (user) => cut.push(user) });
  });

  it('revokes what was issued before a time, and nobody else’s', async () => {
    await revocations.revoke('ada', 5_000, null);
    expect(revocations.isRevoked(held('ada', 4_000))).to.equal(true);
    expect(revocations.isRevoked(held('ada', null))).to.equal(true);
    expect(revocations.isRevoked(held('ada', 5_000))).to.equal(false);
    expect(revocations.isRevoked(held('bob', 4_000))).to.equal(false);
    expect(revocations.isRevoked(tokenless('ada'))).to.equal(false);
    expect(new Set(cut)).to.eql(new Set(['ada']));
  });

  it('never lets a token in again by an earlier time, but by lifting all', async () => {
    await revocations.revoke('ada', 5_000, null);
    expect(await revocations.revoke('ada', 1_000, 'j1')).to.eql({ before: 5_000, jti: ['j1'] });
    expect(revocations.isRevoked(held('ada', 4_000))).to.equal(true);
    expect(revocations.isRevoked(held('ada', 9_000, 'j1'))).to.equal(true);
    expect(await revocations.lift('ada')).to.eql({ before: null, jti: [] });
    expect(revocations.isRevoked(held('ada', 4_000, 'j1'))).to.equal(false);
  });

  it('keeps both of two changes at once', async () => {
    await Promise.all(['j1', 'j2'].map((id) => revocations.revoke('ada', null, id)));
    expect(revocations.of('ada').jti).to.eql(['j1', 'j2']);
  });

  it('has room for so many single tokens, and goes on after it had none', async () => {
    for (let n = 0; n < REVOKED_TOKENS_MAX; n++) await revocations.revoke('ada', null, String(n));
    const refused = await revocations.revoke('ada', null, 'more').catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(TooManyRevokedError);
    await revocations.revoke('ada', null, '0');
    await revocations.revoke('ada', 7, null);
    expect(revocations.of('ada').jti).to.have.length(REVOKED_TOKENS_MAX);
  });

  it('has room for fewer tokens whose ids take more of the record, and says so', async () => {
    let refused: unknown = null;
    for (let n = 0; n < REVOKED_TOKENS_MAX && refused === null; n++) {
      const id = `${String(n).padStart(3)}${'😀'.repeat(TOKEN_ID_MAX - 3)}`;
      refused = await revocations.revoke('ada', null, id).then(
        () => null,
        (error: unknown) => error
      );
    }
    expect(refused).to.be.instanceOf(TooManyRevokedError);
  });

  it('revokes all tokens of a user whose record cannot be understood', async () => {
    await revocations.revoke('ada', 1, null);
    const { id } = [...log.records('rollcall:revoked', 'revoked')][0]!;
    await log.setRecord('rollcall:revoked', 'revoked', id, '{"before":"soon"}');
    expect(revocations.isRevoked(held('ada', 1e15))).to.equal(true);
  });

  it('refuses at the authenticator, and says unavailable while nobody knows', async () => {
    const auth = { isRequired: true, verify: () => Promise.resolve(held('ada', 4_000)) };
    const code = async (isRevoked: () => boolean): Promise<unknown> =>
      await revocable(auth, { isRevoked })
        .verify('token')
        .then(
          () => 'passed',
          (error: unknown) => (error as { code?: unknown }).code
        );
    expect(await code(() => true)).to.equal('revoked');
    expect(await code(() => false)).to.equal('passed');
    const away = (): boolean => {
      throw new Error('the log is away');
    };
    expect(await code(away)).to.equal('unavailable');
  });
});
