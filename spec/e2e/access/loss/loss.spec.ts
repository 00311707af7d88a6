import { expect } from 'chai';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SERVER_FRAMES } from '../../../../protocol/frames.js';
import { startServer, type ServerProcess } from '../../servers/server-process.js';
import { until } from '../../servers/until.js';
import { requireTransport, TRANSPORTS } from '../../wire/transports.js';
import { WireClient, type Frame } from '../../wire/wire-client.js';
import { PRODUCTION, THREAD, tokenOf } from '../doors.js';
import { ROUTES } from '../routes.js';
import { ROWS, type Stayers } from './rows.js';
import { AGENT, naming, Stage } from './stage.js';
import { WAYS, type Way } from './ways.js';

const ENV = {
  ...PRODUCTION,
  AGENTS: 'echo',
  AGENT_ECHO_WORDS_PER_SECOND: '20',
  DELIVERY_GRACE_MS: '600000',
  LIMIT_CONNECTIONS_PER_USER: '0'
} as const;

/** Close codes of connections that end because their token has ended. */
const CLOSED = { revoked: 3500, expired: 3005 } as const;

/** Why a reading of a run ended, as the doors of agents tell it. */
const ENDED_READING = /"(errorText|message)":"(forbidden|bad token)"|closed with 3500/;

/** Claims of the user who makes the changes in the thread: they allow everything, whoever owns the thread. */
const MANAGES = { threads: { '*': ['read', 'write', 'manage'] } };

describe('the frames of the server', () => {
  it('have a row each of what is heard, or refused, once `read` is lost', () => {
    expect(Object.keys(ROWS)).to.have.members(Object.keys(SERVER_FRAMES));
  });
});

for (const transport of TRANSPORTS) {
  describe(`whoever loses read on ${transport}`, function () {
    this.timeout(60_000);
    let server: ServerProcess;
    let asking: ServerProcess;
    let application: Server;
    const refused = new Set<string>();

    before(async function () {
      requireTransport(this, transport);
      application = createServer((request, response) => {
        let text = '';
        request.on('data', (part: Buffer) => (text += part.toString()));
        request.on('end', () => {
          const { user } = JSON.parse(text) as { user: string };
          response.end(JSON.stringify({ allowed: !refused.has(user) }));
        });
      });
      application.listen(0, '127.0.0.1');
      await once(application, 'listening');
      const { port } = application.address() as AddressInfo;
      const AUTHORIZE_URL = `http://127.0.0.1:${String(port)}/`;
      server = await startServer({ env: { ...ENV, TRANSPORT: transport } });
      asking = await startServer({
        env: { ...ENV, TRANSPORT: transport, AUTHORIZE_URL, AUTHORIZE_TTL_MS: '100' }
      });
    });
    after(async () => {
      for (const each of [server, asking] as (ServerProcess | undefined)[]) await each?.stop();
      (application as Server | undefined)?.closeAllConnections();
      (application as Server | undefined)?.close();
    });

    for (const way of WAYS) {
      it(`hears nothing more, at every door, when ${way.name}`, async () => {
        const { url } = way.asksApplication === true ? asking : server;
        const stage = new Stage({ url, way: way.name, isOwner: way.isOwner });
        try {
          await stage.begin();
          await lose(stage, way);
        } finally {
          await stage.end();
        }
      });
    }

    const lose = async (stage: Stage, way: Way): Promise<void> => {
      const { thread, held, user } = stage;
      const before = await tokenOf(user);
      const manager = await stage.come(await tokenOf(stage.manager, MANAGES));
      const stayer = await stage.comeAs(stage.stayer);
      const [live, other] = [await stage.come(before), await stage.come(before)];
      for (const each of [manager, stayer, live]) await each.subscribe(thread);
      const stream = await stage.stream(before);
      const ticket = await stage.ticket(before);
      const { agent, text } = AGENT;
      /** Asks again while the application, which is this process, has not answered in time. */
      const judged = (request: object): Promise<Frame> =>
        until(
          () => live.ask(request),
          (reply) => reply.code !== 'unavailable'
        );
      await judged({ type: 'publish', thread, mid: 'run', agent, body: { text } });
      const run = String((await live.next('chunk'))['run']);
      // The user still has all rights here. Its run has begun, so it cannot be withdrawn.
      expect(await judged({ type: 'withdraw', run })).to.include({ code: 'conflict' });
      const answers = await stage.answers(before);
      const listed = (await judged({ type: 'threads' }))['threads'] as Frame[];
      expect(listed.map((row) => row.thread)).to.include(thread);
      if (way.isOwner) {
        const isGiven = ({ fallback }: Frame): boolean => fallback === true;
        // The server asks the application about the first of them.
        await until(
          () => stage.post(held, 'before').then(() => other.settle()),
          () => other.all.some(isGiven)
        );
      }

      const token =
        (await way.lose({
          stage,
          manager,
          own: [live, other],
          refuse: (name) => refused.add(name)
        })) ?? before;
      if (way.told === 'unsubscribed') {
        const told = await live.next('unsubscribed');
        expect(told).to.deep.equal({ type: 'unsubscribed', thread, code: 'forbidden' });
      } else {
        for (const each of [live, other]) {
          expect(await each.ended).to.include({ code: CLOSED[way.told] });
        }
      }
      /** Repeats a request until the server asks the application again: until then the kept answer counts. */
      const refusal = async (ask: () => Promise<string>, wanted: string): Promise<string> =>
        way.asksApplication === true ? await until(ask, (code) => code === wanted) : await ask();
      const answer = async (request: object): Promise<string> => {
        const reply = await live.ask(request);
        if (reply.type !== 'threads') return String(reply.code);
        const rows = reply['threads'] as Frame[];
        return rows.some((row) => [thread, held].includes(row.thread)) ? 'listed' : 'left out';
      };
      const isOpen = way.told === 'unsubscribed';
      if (isOpen) await refusal(() => answer({ type: 'history', thread: held }), 'forbidden');
      const from = isOpen
        ? live.all.findIndex(({ type }) => type === 'unsubscribed') + 1
        : live.all.findIndex(({ type }) => type === 'disconnect') + 1;
      const otherFrom = other.all.length;

      await everything({ stage, manager, stayer }, way);
      await stage.post(held, 'after');
      if (isOpen) {
        for (const [type, row] of Object.entries(ROWS)) {
          if (row === 'plain' || 'told' in row) continue;
          for (const [request, wanted] of row.asked(stage, run)) {
            const code = await refusal(() => answer(request), wanted);
            expect(`${type}: ${code}`).to.equal(`${type}: ${wanted}`);
          }
        }
        for (const each of [live, other]) await each.settle();
      } else await knocks(stage, token, way.told);
      expect(naming(live, stage, from), 'after the loss').to.eql([]);
      expect(naming(other, stage, otherFrom), 'as the owner').to.eql([]);

      const code = isOpen ? 'forbidden' : way.told;
      for (const [route, [lock, path, body]] of Object.entries(ROUTES)) {
        if (!['read', 'write', 'manage'].includes(lock)) continue;
        const [method = ''] = route.split(' ');
        const own = path.replace(THREAD, thread);
        const text = JSON.stringify(body ?? null).replaceAll(`"${THREAD}"`, `"${thread}"`);
        const named = (JSON.parse(text) as object | null) ?? undefined;
        const got = await refusal(() => stage.http(method, own, token, named), code);
        expect(`${route}: ${got}`).to.equal(`${route}: ${code}`);
      }
      if (way.keepsOlderTokens === true) return;
      const events = `/api/threads/${thread}/events?ticket=${ticket}`;
      expect(await stage.http('GET', events, null)).to.equal(code);
      const told = (await stream.text).split('\n').filter((line) => line.startsWith('event: '));
      const last = told.findIndex((line) => /unsubscribed|error/.test(line));
      expect(told.slice(last + 1)).to.eql(['event: disconnect']);
      // The run is still at work: nothing else ends them.
      for (const [door, { told: heard }] of answers) {
        expect(await heard, door).to.match(ENDED_READING);
      }
    };

    /** Causes every frame that subscribers get, and checks that those who stay got it. */
    const everything = async (stayers: Stayers, way: Way): Promise<void> => {
      const { manager, stayer, stage } = stayers;
      for (const [type, row] of Object.entries(ROWS)) {
        if (row === 'plain' || !('told' in row)) continue;
        // Where the application decides, a role gives no rights.
        if (way.asksApplication === true && type === 'rights') continue;
        const hears = type === 'rights' ? stayer : manager;
        const already = hears.all.length;
        await row.told(stayers);
        await hears.next(
          (frame) =>
            frame.type === type &&
            frame.thread === stage.thread &&
            hears.all.indexOf(frame) >= already
        );
      }
    };

    /** Connects with a token that is no longer valid. */
    const knocks = async (stage: Stage, token: string, code: string): Promise<void> => {
      const client = await WireClient.open(stage.url);
      client.send({ type: 'connect', token });
      expect(await client.next('error')).to.include({ code });
      await client.ended;
      expect(naming(client, stage, 0)).to.eql([]);
    };
  });
}
