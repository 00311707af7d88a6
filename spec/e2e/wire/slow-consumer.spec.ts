import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { requireTool } from '../../require.js';
import { startServer, type ServerProcess } from '../servers/server-process.js';
import { SlowReader } from './slow-reader.js';
import { requireTransport, TRANSPORTS } from './transports.js';
import { WireClient, type Frame } from './wire-client.js';

const MESSAGES = 900;
const TEXT = 'x'.repeat(60_000);
const SENT_AT_ONCE = 10;
const GROWTH_MAX_BYTES = 200 * 1_048_576;

/** Returns the anonymous memory of a process: pages of mapped files do not count. */
function anonymousBytes(pid: number): number {
  const text = readFileSync(`/proc/${String(pid)}/status`, 'utf8');
  return Number(/^RssAnon:\s+(\d+) kB$/m.exec(text)?.[1]) * 1_024;
}

async function connections(url: string): Promise<{ open: number; lagging: number }> {
  const status = (await (await fetch(`${url}/status`)).json()) as {
    connections: { open: number; lagging: number };
  };
  return status.connections;
}

const of = (frames: readonly Frame[], type: string, thread: string): Frame[] =>
  frames.filter((frame) => frame.type === type && frame.thread === thread);
const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

for (const transport of TRANSPORTS) {
  describe(`a slow consumer on ${transport}`, function () {
    this.timeout(60_000);
    let server: ServerProcess;

    before(async function () {
      requireTransport(this, transport);
      requireTool(this, '/proc', process.platform === 'linux', 'it tells of memory');
      server = await startServer({
        env: { TRANSPORT: transport, LIMIT_PUBLISH_PER_SECOND: '0', LIMIT_FRAME_BYTES: '1000000' }
      });
    });
    after(async () => {
      if ((server as ServerProcess | undefined) === undefined) return;
      expect(await server.stop()).to.equal(0);
      expect(server.lines.filter(({ level }) => level === 'error' || level === 'warn')).to.eql([]);
    });

    it('lags alone, costs little memory, and has everything once it reads again', async () => {
      const { url, pid } = server;
      const [ada, bob] = [
        await WireClient.connect(url, 'ada'),
        await WireClient.connect(url, 'bob')
      ];
      // The slow reader subscribes before bob, so each message is written to it first.
      const slow = await SlowReader.open(url, 'slow', ['heavy', 'light', 'quiet']);
      await bob.subscribe('heavy');
      await bob.subscribe('light');
      const before = anonymousBytes(pid);
      let most = before;
      let laggedAt = 0;
      for (let n = 0; n < MESSAGES; n += SENT_AT_ONCE) {
        for (let k = n; k < n + SENT_AT_ONCE; k++) {
          ada.send({ type: 'publish', thread: 'heavy', mid: `h${String(k)}`, body: TEXT });
        }
        ada.send({ type: 'publish', thread: 'light', mid: `l${String(n)}`, body: n });
        for (let k = 0; k <= SENT_AT_ONCE; k++) await ada.next('ack');
        // Bob has everything before the next messages are sent; the slow reader has not.
        await bob.next(({ type, thread, mid }) => {
          return type === 'message' && thread === 'light' && mid === `l${String(n)}`;
        });
        slow.readSome(1_024);
        most = Math.max(most, anonymousBytes(pid));
        if (laggedAt === 0 && (await connections(url)).lagging === 1) laggedAt = n;
      }
      expect(laggedAt).to.be.greaterThan(0);
      expect(most - before).to.be.lessThan(GROWTH_MAX_BYTES);
      await bob.next(({ type, thread, offset }) => {
        return type === 'message' && thread === 'heavy' && offset === MESSAGES;
      });
      expect(of(bob.all, 'message', 'heavy').map(({ offset }) => offset)).to.eql(upTo(MESSAGES));

      await slow.readUntil((frames) =>
        ['heavy', 'light', 'quiet'].every((thread) => of(frames, 'caught_up', thread).length === 2)
      );
      for (const [thread, last] of [
        ['heavy', MESSAGES],
        ['light', MESSAGES / SENT_AT_ONCE],
        ['quiet', 0]
      ] as const) {
        const messages = of(slow.frames, 'message', thread);
        expect(messages.map(({ offset }) => offset)).to.eql(upTo(last));
        expect(of(slow.frames, 'caught_up', thread).at(-1)?.offset).to.equal(last);
      }
      // After "caught up" come only live messages.
      const order = slow.frames.filter(({ thread }) => thread === 'heavy').map(({ type }) => type);
      expect(order.lastIndexOf('caught_up')).to.equal(order.length - 1);
      expect(await connections(url)).to.eql({ open: 3, lagging: 0 });
      await ada.publish('light', 'live');
      await slow.readUntil((frames) => of(frames, 'message', 'light').at(-1)?.mid === 'live');
      expect(of(slow.frames, 'message', 'light').at(-1)).not.to.have.property('replay');
      slow.cut();
      await ada.close();
      await bob.close();
    });

    it('is answered after its replay, in order, when it asks while it does not read', async () => {
      const ada = await WireClient.connect(server.url, 'ada');
      const slow = await SlowReader.open(server.url, 'slow', []);
      const before = anonymousBytes(server.pid);
      slow.send({ type: 'subscribe', thread: 'heavy', since: 'start' });
      slow.send({ type: 'history', id: 'page', thread: 'heavy' });
      slow.send({ type: 'ping', id: 'last' });
      for (let n = 0; n < 20; n++) await ada.settle();
      expect(anonymousBytes(server.pid) - before).to.be.lessThan(GROWTH_MAX_BYTES);
      await slow.readUntil((frames) => frames.some(({ type }) => type === 'caught_up'));
      const messages = of(slow.frames, 'message', 'heavy');
      expect(messages.map(({ offset }) => offset)).to.eql(upTo(MESSAGES));
      expect(slow.frames.filter(({ id }) => id === 'page' || id === 'last')).to.have.length(2);
      slow.cut();
      await ada.close();
    });
  });
}
