import { expect } from 'chai';
import { Holder, type Secret, type Token } from '../../../scripts/fuzz/access/access-client.js';
import { AccessModel } from '../../../scripts/fuzz/access/access-model.js';
import { ACCESS_FUZZED, fuzzAccess } from '../../../scripts/fuzz/fuzzed-server.js';
import { startServer, type ServerProcess } from '../../e2e/servers/server-process.js';
import { requireTransport, TRANSPORTS } from '../../e2e/wire/transports.js';

const COUNT = 2_000;
const PATIENCE_MS = 60_000;

const NOBODY = { owner: null, members: [] };
const EVE = { owner: null, members: [{ user: 'eve', role: 'reader' }] } as const;

/** A model in which eve has come into a thread, and what she gets is checked. */
function rig(grants: Token['grants'] = null) {
  const model = new AccessModel();
  const secrets = new Map<string, Secret>();
  const faults: string[] = [];
  const shared = {
    model,
    secrets,
    fault: (sentence: string) => faults.push(sentence),
    note: () => undefined
  };
  const token: Token = { user: 'eve', jti: 't', text: '', grants, revokedAt: null };
  const holder = new Holder(shared, token);
  const change = (rank: 'reader' | null, listed: typeof NOBODY | typeof EVE): void => {
    model.changing('club', 'eve', rank);
    model.listed('club', model.changed('club') ?? -1, listed);
  };
  const publish = (name: string): void => {
    secrets.set(name, { thread: 'club', sentAt: model.now() });
  };
  return { model, holder, token, faults, change, publish };
}

describe('AccessFuzzer', function () {
  this.timeout(300_000);

  for (const [index, transport] of TRANSPORTS.entries()) {
    it(`finds nobody who gets what it may not read on ${transport}`, async function () {
      requireTransport(this, transport);
      let server: ServerProcess | undefined;
      try {
        server = await startServer({ env: { TRANSPORT: transport, ...ACCESS_FUZZED } });
        const options = { seed: index + 1, count: COUNT, patienceMs: PATIENCE_MS };
        const { faults, sent, answers } = await fuzzAccess(server, options);
        expect(faults).to.deep.equal([]);
        expect(sent).to.equal(COUNT);
        for (const answer of [
          'message',
          'unsubscribed',
          'error forbidden',
          'member',
          'refreshed'
        ]) {
          expect(answers.get(answer), answer).to.be.greaterThan(0);
        }
      } finally {
        await server?.stop();
      }
    });
  }
});

describe('Holder.check', () => {
  it('finds a message that comes to somebody who was never let in', () => {
    const { holder, faults, publish } = rig();
    publish('secret-1-');
    holder.check('{"body":"secret-1-"}', 'message');
    expect(faults).to.have.length(1);
  });

  it('finds a message that was sent after its reader had been removed, and none of before', () => {
    const { holder, faults, change, publish } = rig();
    change('reader', EVE);
    publish('secret-1-');
    change(null, NOBODY);
    holder.check('secret-1-', 'message');
    expect(faults).to.deep.equal([]);
    publish('secret-2-');
    holder.check('secret-2-', 'message');
    expect(faults).to.have.length(1);
  });

  it('takes no message for a fault while the change is not answered', () => {
    const { model, holder, faults, publish } = rig();
    model.changing('club', 'eve', 'reader');
    publish('secret-1-');
    holder.check('secret-1-', 'message');
    expect(faults).to.deep.equal([]);
  });

  it('takes what was listed while another change was under way for nothing', () => {
    const { model, holder, faults, change, publish } = rig();
    change('reader', EVE);
    model.changing('club', 'max', 'member');
    change(null, NOBODY);
    publish('secret-1-');
    holder.check('secret-1-', 'message');
    expect(faults).to.deep.equal([]);
  });

  it('finds a message to a token that was revoked before it was sent', () => {
    const { model, holder, token, faults, change, publish } = rig();
    change('reader', EVE);
    token.revokedAt = model.now();
    publish('secret-1-');
    holder.check('secret-1-', 'message');
    expect(faults).to.have.length(1);
  });

  it('goes by the threads that a token names, and by those of a newer token once it counts', () => {
    const { holder, token, faults, publish } = rig(() => true);
    publish('secret-1-');
    holder.check('secret-1-', 'message');
    expect(faults).to.deep.equal([]);
    holder.replacing({ ...token, grants: () => false })(true);
    publish('secret-2-');
    holder.check('secret-2-', 'history');
    expect(faults).to.have.length(1);
  });
});
