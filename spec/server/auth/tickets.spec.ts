import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import { BACKEND, tokenless, type UserCaller } from '../../../server/access/identity.js';
import { AccessError } from '../../../server/auth/api-access.js';
import { CLOCK_TOLERANCE_SECONDS } from '../../../server/auth/auth.js';
import {
  credentialInAddress,
  Tickets,
  TICKETS_MAX,
  TICKETS_PER_USER,
  TICKET_MS
} from '../../../server/auth/tickets.js';
import { VirtualClock } from '../../virtual-clock.js';

const ADA = tokenless('ada');

function rig() {
  const clock = new VirtualClock();
  const revoked = new Set<string>();
  const limits: string[] = [];
  const tickets = new Tickets({
    clock,
    revocations: { isRevoked: ({ user }) => revoked.has(user) },
    randomBytes,
    limited: (limit) => limits.push(limit)
  });
  const issue = (caller = ADA, thread: string | null = null): string =>
    tickets.issue(caller, thread)?.ticket ?? '';
  /** Returns the code that refuses a ticket, or `taken`. */
  const take = (ticket: string): string => {
    try {
      tickets.take(ticket);
      return 'taken';
    } catch (error) {
      if (error instanceof AccessError) return error.code;
      throw error;
    }
  };
  return { clock, revoked, limits, tickets, issue, take };
}

describe('Tickets', () => {
  it('takes a ticket once, for whom and for what it was issued', () => {
    const { tickets, issue, take } = rig();
    const caller: UserCaller = { ...ADA, grants: [] };
    const ticket = issue(caller, 'club');
    expect(tickets.take(ticket)).to.include({ identity: caller, thread: 'club' });
    expect(take(ticket)).to.equal('expired');
    expect(tickets.size).to.equal(0);
  });

  it('makes tickets that nobody guesses, and keeps none as it is', () => {
    const { tickets, issue } = rig();
    const made = Array.from({ length: 10 }, () => issue());
    expect(new Set(made)).to.have.length(10);
    for (const ticket of made) {
      expect(Buffer.from(ticket, 'base64url')).to.have.length(32);
      const kept = Reflect.get(tickets, 'kept') as Map<string, unknown>;
      expect(JSON.stringify([...kept])).to.not.include(ticket);
    }
  });

  it('takes a ticket until its time is over, and none from then on', async () => {
    const { clock, tickets, issue, take } = rig();
    const [early, late] = [issue(), issue()];
    expect(tickets.issue(ADA, null)?.expiresAt).to.equal(clock.now() + TICKET_MS);
    await clock.advance(TICKET_MS - 1);
    expect(take(early)).to.equal('taken');
    await clock.advance(1);
    expect(take(late)).to.equal('expired');
    expect(tickets.size).to.equal(0);
  });

  it('refuses the ticket of a token that has expired or been revoked since, as the token itself', async () => {
    const { clock, revoked, issue, take } = rig();
    const expiresAt = clock.now() + 1_000;
    const [first, second, third] = [
      issue({ ...ADA, expiresAt }),
      issue({ ...ADA, expiresAt }),
      issue(tokenless('eve'))
    ];
    await clock.advance(1_000 + CLOCK_TOLERANCE_SECONDS * 1_000 - 1);
    expect(take(first)).to.equal('taken');
    await clock.advance(1);
    expect(take(second)).to.equal('expired');
    revoked.add('eve');
    expect(take(third)).to.equal('revoked');
    expect(take(third)).to.equal('expired');
  });

  it('ends the oldest ticket of a user who has too many, and nobody else’s', () => {
    const { issue, take, limits } = rig();
    const bobs = issue(tokenless('bob'));
    const adas = Array.from({ length: TICKETS_PER_USER + 1 }, () => issue());
    expect(adas.map(take)).to.eql(['expired', ...adas.slice(1).map(() => 'taken')]);
    expect(take(bobs)).to.equal('taken');
    expect(limits).to.eql(['tickets_user']);
  });

  it('issues none beyond its bound, and again when old ones have ended', async () => {
    const { clock, tickets, issue, limits } = rig();
    for (let n = 0; n < TICKETS_MAX; n += 1) issue(tokenless(`user${String(n)}`));
    expect(limits).to.eql([]);
    expect(tickets.issue(ADA, null)).to.equal(null);
    expect(tickets.issue(BACKEND, null)).to.equal(null);
    expect(limits).to.eql(['tickets_server', 'tickets_server']);
    expect(tickets.size).to.equal(TICKETS_MAX);
    await clock.advance(TICKET_MS);
    expect(tickets.issue(ADA, null)).to.not.equal(null);
    expect(tickets.size).to.equal(1);
  });
});

describe('credentialInAddress', () => {
  for (const query of ['token=x', 'after=1&access_token=', 'api_key=x', '%74oken=x']) {
    it(`refuses ?${query}, and names tickets`, () => {
      expect(credentialInAddress({ query })).to.include('/api/tickets').and.not.include('x"');
    });
  }

  for (const query of ['', 'ticket=x', 'q=token', 'after=1&Token=x', 'tokens=1']) {
    it(`lets ?${query} pass`, () => {
      expect(credentialInAddress({ query })).to.equal(null);
    });
  }
});
