import { expect } from 'chai';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openEvents, type StreamEvent } from '../../../scripts/kill-proof/event-reader.js';
import { startServer, temporaryDir, type ServerProcess } from '../servers/server-process.js';
import { requireTransport, TRANSPORTS } from '../wire/transports.js';
import type { Frame } from '../wire/wire-client.js';

/** Returns the events of a stream up to the first one with a name. */
async function upTo(
  url: string,
  name: string,
  lastEventId?: string,
  query = ''
): Promise<StreamEvent[]> {
  const events: StreamEvent[] = [];
  const options = lastEventId === undefined ? {} : { lastEventId };
  await new Promise<void>((resolve, reject) => {
    const reader = openEvents(`${url}/api/threads/lobby/events${query}`, {
      ...options,
      event: (event) => {
        events.push(event);
        if (event.event !== name) return;
        reader.close();
        resolve();
      }
    });
    void reader.ended.then(() => {
      reject(new Error(`the stream ended after ${JSON.stringify(events.at(-1))}`));
    });
  });
  return events;
}

const frames = (events: readonly StreamEvent[]): Frame[] =>
  events.map(({ data }) => JSON.parse(data) as Frame);

const bodies = (events: readonly Frame[]): unknown[] =>
  events.filter(({ type }) => type === 'message').map(({ body }) => body);

async function fill(url: string, prefix: string, count: number): Promise<void> {
  for (let n = 1; n <= count; n += 1) {
    const mid = `${prefix}${String(n)}`;
    const message = JSON.stringify({ mid, from: 'shop', body: mid, expect: 'stored' });
    const answer = await fetch(`${url}/api/threads/lobby/messages`, {
      method: 'POST',
      body: message
    });
    expect(answer.status).to.equal(201);
  }
}

for (const transport of TRANSPORTS) {
  describe(`the places of event streams on ${transport}`, function () {
    this.timeout(60_000);
    let dataDir: string;
    let server: ServerProcess;
    /** Ids of the events of the first history. */
    let old: (string | null)[];
    const all = Array.from({ length: 5 }, (_, n) => `new${String(n + 1)}`);

    before(async function () {
      requireTransport(this, transport);
      dataDir = await temporaryDir();
      const start = (): Promise<ServerProcess> =>
        startServer({ dataDir, env: { TRANSPORT: transport } });
      server = await start();
      await fill(server.url, 'old', 3);
      const events = await upTo(server.url, 'caught_up', undefined, '?after=0');
      old = events.map(({ id }) => id);
      const again = frames(await upTo(server.url, 'caught_up', old[2] ?? ''));
      expect(again[0]).to.include({ recovered: true, gap: null, replay: 1 });
      // There was no earlier epoch, so an offset alone can only belong to this one.
      const bare = frames(await upTo(server.url, 'caught_up', '2'));
      expect(bare[0]).to.include({ recovered: true, gap: null, replay: 1 });
      await server.stop();
      await rm(join(dataDir, 'log'), { recursive: true });
      server = await start();
      await fill(server.url, 'new', 5);
    });
    after(async () => {
      await (server as ServerProcess | undefined)?.stop();
      if (typeof dataDir === 'string') await rm(dataDir, { recursive: true, force: true });
    });

    it('are epoch and offset, from the first event on', async () => {
      const [first] = frames(await upTo(server.url, 'subscribed'));
      const { epoch } = first ?? {};
      const events = await upTo(server.url, 'caught_up', undefined, `?after=${String(epoch)}:3`);
      expect(events.map(({ event, id }) => [event, id])).to.deep.equal([
        ['subscribed', `${String(epoch)}:3`],
        ['message', `${String(epoch)}:4`],
        ['message', `${String(epoch)}:5`],
        ['caught_up', null]
      ]);
    });

    it('let a stream resume that had no message yet', async () => {
      const [first] = await upTo(server.url, 'subscribed');
      await fill(server.url, 'between', 1);
      const missed = frames(await upTo(server.url, 'caught_up', first?.id ?? ''));
      expect(bodies(missed)).to.deep.equal(['between1']);
      all.push('between1');
    });

    it('tell the gap when the history has begun anew, and give all of it', async () => {
      const resumed = frames(await upTo(server.url, 'caught_up', old[2] ?? ''));
      expect(resumed[0]).to.deep.include({
        recovered: false,
        gap: { from: 1, to: 2, reason: 'epoch' }
      });
      expect(bodies(resumed)).to.deep.equal(all);
    });

    it('mean the same in the query of a stream', async () => {
      const resumed = frames(await upTo(server.url, 'caught_up', undefined, `?after=${old[3]!}`));
      expect(resumed[0]).to.deep.include({ gap: { from: 1, to: 3, reason: 'epoch' } });
      expect(bodies(resumed)).to.deep.equal(all);
    });

    it('mean the same in the query of a page of history', async () => {
      const url = `${server.url}/api/threads/lobby/messages?after=`;
      const page = (await (await fetch(`${url}${old[3]!}`)).json()) as Record<string, unknown>;
      expect(page['gap']).to.deep.equal({ from: 1, to: 3, reason: 'epoch' });
      expect((page['messages'] as Frame[]).map(({ body }) => body)).to.deep.equal(all);
      const own = `${url}${String(page['epoch'])}:4`;
      const rest = (await (await fetch(own)).json()) as Record<string, unknown>;
      expect(rest['gap']).to.equal(null);
      expect((rest['messages'] as Frame[]).map(({ body }) => body)).to.deep.equal(all.slice(4));
    });

    it('may lack the epoch, as clients of before send them: a gap, since there was another one', async () => {
      for (const [lastEventId, query] of [['4'], [undefined, '?after=4']] as const) {
        const resumed = frames(await upTo(server.url, 'caught_up', lastEventId, query));
        expect(resumed[0]).to.deep.include({
          recovered: false,
          gap: { from: 1, to: 4, reason: 'epoch' }
        });
        expect(bodies(resumed)).to.deep.equal(all);
      }
      const url = `${server.url}/api/threads/lobby/messages?after=4`;
      const page = (await (await fetch(url)).json()) as Record<string, unknown>;
      expect(page['gap']).to.deep.equal({ from: 1, to: 4, reason: 'epoch' });
      const beyond = frames(await upTo(server.url, 'caught_up', '40'));
      expect(beyond[0]).to.deep.include({ gap: { from: 1, to: 40, reason: 'epoch' } });
    });
  });
}
