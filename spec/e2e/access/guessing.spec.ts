import { expect } from 'chai';
import { request as httpRequest } from 'node:http';
import { startServer, type ServerProcess } from '../servers/server-process.js';
import { requireTransport, TRANSPORTS } from '../wire/transports.js';
import { WireClient } from '../wire/wire-client.js';
import { KEY, PRODUCTION, tokenOf } from './doors.js';

/** The limit per second: so low that every machine guesses faster. */
const PER_SECOND = 1;

/** Guesses after which a door must refuse further ones. */
const GUESSES = 100;

const INSPECT_TOKEN = 'a-token-of-the-inspector';
const UPGRADE = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'sec-websocket-version': '13'
};

/** Shows a key at a door, and resolves to the answer: a status, or the code of a frame. */
type Show = (server: ServerProcess, from: string, key: string) => Promise<number | string>;

const asked =
  (path: string, headersOf: (key: string) => Record<string, string>): Show =>
  async ({ url }, from, key) =>
    await new Promise((resolve, reject) => {
      const request = httpRequest(`${url}${path.replace('KEY', key)}`, {
        agent: false,
        headers: { ...headersOf(key), 'x-forwarded-for': from }
      });
      request.once('error', reject);
      request.once('upgrade', (_response, socket) => {
        socket.destroy();
        resolve(101);
      });
      request.once('response', (response) => {
        response.destroy();
        resolve(response.statusCode ?? 0);
      });
      request.end();
    });

const byFrame: Show = async ({ url }, from, token) => {
  const client = await WireClient.open(url, { headers: { 'x-forwarded-for': from } });
  client.send({ type: 'connect', id: 'c', token });
  const answer = await client.next((frame) => frame.id === 'c');
  client.socket.terminate();
  await client.ended;
  return answer.type === 'error' ? String(answer.code) : answer.type;
};

/** Every door that takes a key or a token: how it is shown, a right one, and the answers to a wrong, a right, and one too many. */
const DOORS: Readonly<
  Record<string, readonly [show: Show, right: () => Promise<string> | string, answers: unknown[]]>
> = {
  'the API with a key': [
    asked('/api/users/u/revoke', (key) => ({ 'x-api-key': key })),
    () => KEY,
    [401, 200, 429]
  ],
  'the API with a token': [
    asked('/api/threads/t/messages', (key) => ({ authorization: `Bearer ${key}` })),
    () => tokenOf('ada', { threads: { t: ['read'] } }),
    [401, 200, 429]
  ],
  'the status': [asked('/status', (key) => ({ 'x-api-key': key })), () => KEY, [200, 200, 429]],
  'the metrics': [asked('/metrics', (key) => ({ 'x-api-key': key })), () => KEY, [401, 200, 429]],
  'the recording of the inspector': [
    asked('/inspect/recording?charts=false', (key) => ({ authorization: `Bearer ${key}` })),
    () => INSPECT_TOKEN,
    [401, 200, 429]
  ],
  'the WebSocket of the inspector': [
    asked('/inspect/ws?token=KEY', () => UPGRADE),
    () => INSPECT_TOKEN,
    [401, 101, 429]
  ],
  'a connect frame': [byFrame, () => tokenOf('ada'), ['unauthorized', 'connected', 'rate_limited']]
};

for (const transport of TRANSPORTS) {
  describe(`guessed keys on ${transport}`, function () {
    this.timeout(60_000);
    let server: ServerProcess;
    let addresses = 0;

    before(async function () {
      requireTransport(this, transport);
      server = await startServer({
        env: {
          TRANSPORT: transport,
          ...PRODUCTION,
          INSPECT: 'token',
          INSPECT_TOKEN,
          TRUST_PROXY: 'true',
          LIMIT_WRONG_KEYS_PER_SECOND: String(PER_SECOND)
        }
      });
    });
    after(async () => {
      await (server as ServerProcess | undefined)?.stop();
    });

    for (const [door, [show, right, [wrong, passed, slowed]]] of Object.entries(DOORS)) {
      it(`are slowed down at ${door}, a right one too, and nobody else is`, async () => {
        const from = `192.0.2.${String(++addresses)}`;
        const key = await right();
        expect(await show(server, from, key)).to.equal(passed);
        const answers = new Set<unknown>();
        for (let n = 0; n < GUESSES && !answers.has(slowed); n++) {
          answers.add(await show(server, from, `wrong-${String(n)}`));
        }
        expect([...answers]).to.have.members([wrong, slowed]);
        expect(await show(server, '198.51.100.1', key)).to.equal(passed);
      });
    }

    it('are slowed down at every door once they were at one, and are counted', async () => {
      const from = '192.0.2.200';
      const [show] = DOORS['the API with a key'] ?? [];
      if (show === undefined) throw new Error('no door');
      for (const [door, [other, right, [, , slowed]]] of Object.entries(DOORS)) {
        const key = await right();
        let answer: unknown = null;
        for (let n = 0; n < GUESSES && answer !== slowed; n++) {
          await show(server, from, `wrong-${String(n)}`);
          answer = await other(server, from, key);
        }
        expect(answer, door).to.equal(slowed);
      }
      const status = await fetch(`${server.url}/status`);
      const { limited } = (await status.json()) as { limited: Record<string, number> };
      expect(limited['wrong_keys_address']).to.be.above(0);
    });
  });
}
