import { expect } from 'chai';
import { openEvents } from '../../../scripts/kill-proof/event-reader.js';
import { startServer, type ServerProcess } from '../servers/server-process.js';
import { requireTransport, TRANSPORTS } from '../wire/transports.js';
import { KEY, PRODUCTION, THREAD, tokenFor, tokenOf } from './doors.js';

/** Origin of a page that may use the server, and of a page that may not. */
const PAGE = 'https://shop.example';
const STRANGE = 'https://evil.example';

interface Ticket {
  readonly ticket: string;
  readonly expiresAt: number;
}

for (const transport of TRANSPORTS) {
  describe(`tickets on ${transport}`, function () {
    this.timeout(60_000);
    let server: ServerProcess;
    let token: string;
    let used = '';

    const ask = (shown: string, body: object = {}, origin?: string): Promise<Response> =>
      fetch(`${server.url}/api/tickets`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${shown}`,
          ...(origin === undefined ? {} : { origin })
        },
        body: JSON.stringify(body)
      });
    const ticket = async (body: object = {}, shown = token): Promise<string> => {
      const response = await ask(shown, body);
      expect(response.status).to.equal(201);
      return ((await response.json()) as Ticket).ticket;
    };
    const code = async (response: Response): Promise<string> =>
      ((await response.json()) as { code: string }).code;
    const events = (query: string, thread = THREAD): Promise<Response> =>
      fetch(`${server.url}/api/threads/${thread}/events?${query}`);
    /** Opens a stream with a ticket, and resolves to its whole text when it has ended. */
    const stream = async (query: string): Promise<{ text: Promise<string> }> => {
      const response = await events(query);
      expect(response.status).to.equal(200);
      return { text: response.text() };
    };
    const api = async (method: string, path: string, body: object): Promise<void> => {
      const response = await fetch(`${server.url}/api/${path}`, {
        method,
        headers: { 'x-api-key': KEY },
        body: JSON.stringify(body)
      });
      expect(response.status).to.be.below(300);
    };

    before(async function () {
      requireTransport(this, transport);
      server = await startServer({
        env: { TRANSPORT: transport, ...PRODUCTION, ALLOWED_ORIGINS: PAGE, LOG_LEVEL: 'debug' }
      });
      token = (await tokenFor('owner')) ?? '';
      const first = { mid: 'first', from: 'olga', body: 'hello', expect: 'stored' };
      await api('POST', `threads/${THREAD}/messages`, first);
      await api('PUT', `threads/${THREAD}/owner`, { owner: 'olga' });
    });
    after(async () => {
      await (server as ServerProcess | undefined)?.stop();
    });

    it('open an event stream once, without a header', async () => {
      const shown = await ticket();
      used = shown;
      const seen: string[] = [];
      const reader = openEvents(
        `${server.url}/api/threads/${THREAD}/events?after=0&ticket=${shown}`,
        {
          event: ({ event }) => {
            seen.push(event);
            if (event === 'caught_up') reader.close();
          }
        }
      );
      await reader.ended;
      expect(seen).to.eql(['subscribed', 'message', 'caught_up']);
      const again = await events(`ticket=${shown}`);
      expect(again.status).to.equal(401);
      expect(await code(again)).to.equal('expired');
    });

    it('are of no use for another thread when they name one, nor where the user may not read', async () => {
      expect(await code(await events(`ticket=${await ticket({ thread: 'other' })}`))).to.equal(
        'forbidden'
      );
      const sams = (await tokenFor('stranger')) ?? '';
      expect(await code(await ask(sams, { thread: THREAD }))).to.equal('forbidden');
      expect(await code(await events(`ticket=${await ticket({}, sams)}`))).to.equal('forbidden');
    });

    it('are made for who has a token, and for a body that fits', async () => {
      expect(await code(await ask('not-a-token'))).to.equal('unauthorized');
      expect(await code(await ask((await tokenFor('expired')) ?? ''))).to.equal('expired');
      expect(await code(await ask(token, { thread: 7 }))).to.equal('bad_frame');
      expect(await code(await ask(token, { thread: 'a b' }))).to.equal('bad_thread');
      const before = Date.now();
      const { expiresAt } = (await (await ask(token)).json()) as Ticket;
      expect(expiresAt).to.be.within(before + 20_000, Date.now() + 40_000);
    });

    it('end with the revocation of their token, and so do their streams', async () => {
      const eves = await tokenOf('eve', { iat: Math.floor(Date.now() / 1_000) - 10 });
      await api('PUT', `threads/${THREAD}/members/eve`, { role: 'reader' });
      const unused = await ticket({}, eves);
      const { text } = await stream(`ticket=${await ticket({}, eves)}`);
      await api('POST', 'users/eve/revoke', {});
      expect(await text).to.match(/"code":"revoked".*"code":3500/s);
      expect(await code(await events(`ticket=${unused}`))).to.equal('revoked');
    });

    it('do not outlive the rights of their user', async () => {
      await api('PUT', `threads/${THREAD}/members/sue`, { role: 'reader' });
      const sues = await tokenOf('sue');
      const unused = await ticket({ thread: THREAD }, sues);
      const { text } = await stream(`ticket=${await ticket({}, sues)}`);
      await api('DELETE', `threads/${THREAD}/members/sue`, {});
      expect(await text).to.match(/"unsubscribed","thread":"club","code":"forbidden".*3507/s);
      expect(await code(await events(`ticket=${unused}`))).to.equal('forbidden');
    });

    it('are for pages of listed origins only', async () => {
      const preflight = await fetch(`${server.url}/api/tickets`, {
        method: 'OPTIONS',
        headers: {
          origin: PAGE,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'authorization'
        }
      });
      expect(preflight.status).to.equal(204);
      expect(preflight.headers.get('access-control-allow-headers')).to.include('authorization');
      const own = await ask(token, {}, PAGE);
      expect(own.headers.get('access-control-allow-origin')).to.equal(PAGE);
      const foreign = await ask(token, {}, STRANGE);
      expect(foreign.status).to.equal(403);
      expect(foreign.headers.get('access-control-allow-origin')).to.equal(null);
    });

    it('are the only thing that is taken from an address, whatever comes with it', async () => {
      for (const [path, method] of [
        [`threads/${THREAD}/events?token=${token}`, 'GET'],
        [`threads/${THREAD}/messages?access_token=${token}`, 'GET'],
        [`search?thread=${THREAD}&token=${token}`, 'GET'],
        [`tickets?token=${token}`, 'POST']
      ] as const) {
        for (const headers of [{}, { authorization: `Bearer ${token}` }]) {
          const response = await fetch(`${server.url}/api/${path}`, { method, headers });
          const { code: why, detail } = (await response.json()) as { code: string; detail: string };
          expect(`${path.split('?')[0] ?? ''} ${why}`).to.match(/ unauthorized$/);
          expect(detail).to.include('/api/tickets').and.not.include(token);
        }
      }
    });

    it('are in no line of the log', () => {
      expect(used).to.have.length.above(20);
      expect(JSON.stringify(server.lines) + server.stderr()).to.not.include(used);
    });
  });
}
