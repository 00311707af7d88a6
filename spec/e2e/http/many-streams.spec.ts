import { expect } from 'chai';
import { SignJWT } from 'jose';
import { startServer, type ServerProcess } from '../servers/server-process.js';
import { requireTransport, TRANSPORTS } from '../wire/transports.js';

const SECRET = 'a-secret-of-the-spec-long-enough-for-hs256';
const STREAMS = 200;

const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

async function tokenOf(user: string): Promise<string> {
  return await new SignJWT({ sub: user })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime('1h')
    .sign(Buffer.from(SECRET));
}

for (const transport of TRANSPORTS) {
  describe(`many event streams on ${transport}`, function () {
    this.timeout(60_000);
    let server: ServerProcess | undefined;
    let cut: AbortController;

    before(function () {
      requireTransport(this, transport);
    });
    beforeEach(() => {
      cut = new AbortController();
    });
    afterEach(async () => {
      cut.abort();
      await server?.stop();
    });

    const start = async (env: Record<string, string>): Promise<void> => {
      server = await startServer({
        env: { TRANSPORT: transport, AUTH_JWT_SECRET: SECRET, API_KEY: 'key-of-the-spec', ...env }
      });
    };

    /** Opens a stream as a proxy would, and resolves to the name of its first event, or to the status of a refusal. */
    const open = async (token: string, address: string): Promise<string> => {
      const { status, body } = await fetch(`${server?.url ?? ''}/api/threads/x/events`, {
        headers: { authorization: `Bearer ${token}`, 'x-forwarded-for': address },
        signal: cut.signal
      });
      if (status !== 200 || body === null) return String(status);
      // Keep the stream open: leaving a loop over the body would end it.
      const reader = (body as ReadableStream<Uint8Array>).getReader();
      const decoder = new TextDecoder();
      let text = '';
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return 'nothing';
        text += decoder.decode(value, { stream: true });
        const event = /^event: (.+)\n/m.exec(text)?.[1];
        if (event !== undefined) return event;
      }
    };
    const limited = async (): Promise<object> => {
      const status = await fetch(`${server?.url ?? ''}/status`);
      return ((await status.json()) as { limited: object }).limited;
    };

    it('are counted for their user, wherever it opens them, and leave room for others', async () => {
      await start({
        TRUST_PROXY: 'true',
        LIMIT_CONNECTIONS_PER_USER: '20',
        LIMIT_EVENT_STREAMS_PER_USER: '100'
      });
      const ada = await tokenOf('ada');
      const opened = await Promise.all(
        numbers(STREAMS).map((n) => open(ada, `10.0.1.${String(n)}`))
      );
      // Streams that were let in above the limit, together with the last ones, are refused by an event.
      expect(opened.filter((said) => said === 'subscribed')).to.have.length(20);
      expect(opened.filter((said) => said === '429' || said === 'disconnect')).to.have.length(180);
      expect(await open(ada, '10.0.1.1')).to.equal('429');
      expect(await open(await tokenOf('bob'), '10.0.1.1')).to.equal('subscribed');
    });

    it('are counted for their user in development without an API key, where nobody needs a token', async () => {
      server = await startServer({
        env: { TRANSPORT: transport, AUTH_JWT_SECRET: SECRET, LIMIT_EVENT_STREAMS_PER_USER: '3' }
      });
      const ada = await tokenOf('ada');
      for (const n of numbers(3)) expect(await open(ada, String(n))).to.equal('subscribed');
      expect(await open(ada, '3')).to.equal('429');
      expect(await open(await tokenOf('bob'), '4')).to.equal('subscribed');
      expect(await open('no token', '5')).to.equal('subscribed');
    });

    it('are counted for the address that the trusted proxy names, not for its own', async () => {
      await start({ TRUST_PROXY: 'true', LIMIT_CONNECTIONS_PER_ADDRESS: '5' });
      const tokens = await Promise.all(numbers(40).map((n) => tokenOf(`user-${String(n)}`)));
      const opened = await Promise.all(
        tokens.map((token, n) => open(token, `10.0.0.${String(n % 8)}`))
      );
      expect(opened).to.eql(tokens.map(() => 'subscribed'));
      expect(await open(await tokenOf('late'), '10.0.0.1')).to.equal('429');
      expect(await open(await tokenOf('elsewhere'), '10.0.0.9')).to.equal('subscribed');
      expect(await limited()).to.eql({ connections_address: 1 });
    });

    it('are counted for the address of the peer when no proxy is trusted', async () => {
      await start({ LIMIT_CONNECTIONS_PER_ADDRESS: '5' });
      const tokens = await Promise.all(numbers(8).map((n) => tokenOf(`user-${String(n)}`)));
      const opened = await Promise.all(
        tokens.map((token, n) => open(token, `10.0.0.${String(n)}`))
      );
      expect(opened.filter((said) => said === 'subscribed')).to.have.length(5);
      expect(await limited()).to.eql({ connections_address: 3 });
    });
  });
}
