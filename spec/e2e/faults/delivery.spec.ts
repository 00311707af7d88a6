import { expect } from 'chai';
import { rm } from 'node:fs/promises';
import {
  startServer,
  temporaryDir,
  type LogLine,
  type ServerProcess,
  type StartOptions
} from '../servers/server-process.js';
import { statusOf, until, untilStatus } from '../servers/until.js';
import { WireClient } from '../wire/wire-client.js';

/** Short enough to wait for, and long enough for a subscriber to join before it ends. */
const GRACE_MS = 300;
const UNDELIVERABLE = 'Cannot deliver message';
const RESUMED = 'Delivery resumed';

function mids(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, n) => `${prefix}-${String(n + 1)}`);
}

/** Returns the log lines that contain the text and are about the thread. */
function linesOf(server: ServerProcess, text: string, thread: string): LogLine[] {
  return server.lines.filter((line) => line.message.includes(text) && line['thread'] === thread);
}

/** Waits for the first such line; all earlier lines of the server have been read then too. */
async function lineOf(server: ServerProcess, text: string, thread: string): Promise<LogLine> {
  const [line] = await until(
    async () => {
      await statusOf(server.url);
      return linesOf(server, text, thread);
    },
    (lines) => lines.length > 0
  );
  return line!;
}

/** Returns the warnings and errors about a thread. */
function complaints(server: ServerProcess, thread: string): LogLine[] {
  return server.lines.filter(
    (line) => line['thread'] === thread && ['warn', 'error'].includes(line.level)
  );
}

describe('delivery', function () {
  this.timeout(60_000);
  let server: ServerProcess;
  let ada: WireClient;
  let controls = 0;

  const start = (options: StartOptions = {}): Promise<ServerProcess> =>
    startServer({
      ...options,
      env: {
        DELIVERY_GRACE_MS: String(GRACE_MS),
        LIMIT_PUBLISH_PER_SECOND: '0',
        ...options.env
      }
    });

  /** Waits for one whole grace from now: until the server reports a message that was just sent to another thread. */
  const graceOver = async (): Promise<void> => {
    const thread = `control.${String(++controls)}`;
    await ada.publish(thread, thread);
    await lineOf(server, UNDELIVERABLE, thread);
    const subscriber = await WireClient.connect(server.url, 'control');
    await subscriber.subscribe(thread);
    await lineOf(server, RESUMED, thread);
    await subscriber.close();
  };

  before(async () => {
    server = await start();
    ada = await WireClient.connect(server.url, 'ada');
  });
  after(async () => {
    await (server as ServerProcess | undefined)?.stop();
  });

  describe('of messages that nobody is there for', () => {
    const sent = mids('lost', 50);

    it('is reported once for the thread when the grace is over', async () => {
      await ada.publishAll('lonely', sent);
      const { threads } = await statusOf(server.url);
      expect(threads).to.include({ waiting: 1, undelivered: 0 });
      const line = await lineOf(server, UNDELIVERABLE, 'lonely');
      expect(line.level).to.equal('error');
      expect(line).to.include({ messages: 50, fromOffset: 1 });
      expect(line['waitedMs']).to.be.at.least(GRACE_MS);
    });

    it('shows in the status as one thread and one issue of the monitor', async () => {
      const { threads, monitor, status } = await statusOf(server.url);
      expect(threads).to.include({ waiting: 0, undelivered: 1 });
      expect(monitor.status).to.equal('warning');
      expect(monitor.issues).to.have.length(1);
      expect(monitor.issues[0]).to.match(/^1 thread.* undelivered/);
      expect(status).to.equal('ready');
    });

    it('stays one incident while more is published', async () => {
      await ada.publish('lonely', 'lost-51');
      await graceOver();
      expect(linesOf(server, UNDELIVERABLE, 'lonely')).to.have.length(1);
      expect((await statusOf(server.url)).threads).to.include({ waiting: 0, undelivered: 1 });
    });

    it('does not end when their author comes back, who is given nothing of its own', async () => {
      const again = await WireClient.connect(server.url, 'ada');
      const { subscribed, replays } = await again.subscribe('lonely', 'live');
      expect(subscribed).to.include({ offset: 51, replay: 0 });
      expect(replays).to.deep.equal([]);
      expect((await statusOf(server.url)).threads).to.include({ waiting: 0, undelivered: 1 });
      await again.close();
    });

    it('happens when the next subscriber comes, all in order, though it asked for live', async () => {
      const bob = await WireClient.connect(server.url, 'bob');
      const { subscribed, replays, caughtUp } = await bob.subscribe('lonely', 'live');
      expect(subscribed).to.include({ offset: 51, replay: 51, recovered: true, gap: null });
      expect(replays.map(({ mid }) => mid)).to.deep.equal([...sent, 'lost-51']);
      expect(replays.map(({ offset }) => offset)).to.deep.equal(replays.map((_, n) => n + 1));
      expect(replays.every(({ replay }) => replay === true)).to.equal(true);
      expect(caughtUp.offset).to.equal(51);
      await ada.publish('lonely', 'live-1');
      const live = await bob.next('message');
      expect(live).to.include({ mid: 'live-1', offset: 52 });
      expect(live).to.not.have.property('replay');
      await bob.close();
    });

    it('closes the incident with one info line and an empty status', async () => {
      const line = await lineOf(server, RESUMED, 'lonely');
      expect(line).to.include({ level: 'info', messages: 51 });
      const { threads, monitor } = await untilStatus(
        server.url,
        (now) => now.threads.undelivered === 0
      );
      expect(threads.waiting).to.equal(0);
      expect(monitor).to.deep.include({ status: 'healthy', issues: [] });
      expect(linesOf(server, RESUMED, 'lonely')).to.have.length(1);
    });

    it('does not repeat to the subscriber after that what has been delivered', async () => {
      const carol = await WireClient.connect(server.url, 'carol');
      const { subscribed, replays } = await carol.subscribe('lonely');
      expect(subscribed).to.include({ offset: 52, replay: 0 });
      expect(replays).to.deep.equal([]);
      await carol.close();
    });

    it('opens a new incident when the subscribers have gone again', async () => {
      await ada.publish('lonely', 'again');
      await until(
        async () => {
          await statusOf(server.url);
          return linesOf(server, UNDELIVERABLE, 'lonely');
        },
        (lines) => lines.length === 2
      );
      const dave = await WireClient.connect(server.url, 'dave');
      const { replays } = await dave.subscribe('lonely');
      expect(replays.map(({ mid }) => mid)).to.deep.equal(['again']);
      await dave.close();
    });
  });

  it('is not reported when a subscriber comes inside the grace', async () => {
    await ada.publish('punctual', 'early');
    const bob = await WireClient.connect(server.url, 'bob');
    const { replays } = await bob.subscribe('punctual');
    expect(replays.map(({ mid }) => mid)).to.deep.equal(['early']);
    await graceOver();
    expect(complaints(server, 'punctual')).to.deep.equal([]);
    expect(linesOf(server, RESUMED, 'punctual')).to.deep.equal([]);
    await bob.close();
  });

  it('is skipped without a word when nobody is in a test thread', async () => {
    const before = (await statusOf(server.url)).monitor.outcomes;
    await ada.publishAll('test_nobody', mids('skipped', 3));
    await graceOver();
    expect(complaints(server, 'test_nobody')).to.deep.equal([]);
    const { monitor, threads } = await statusOf(server.url);
    const skipped = monitor.outcomes['skipped_test_thread']! - before['skipped_test_thread']!;
    expect(skipped).to.equal(3);
    expect(threads).to.include({ waiting: 0, undelivered: 0 });
  });

  it('reaches the subscriber of a test thread like any other', async () => {
    const bob = await WireClient.connect(server.url, 'bob');
    await bob.subscribe('test_somebody');
    await ada.publish('test_somebody', 'to-a-test');
    expect(await bob.next('message')).to.include({ mid: 'to-a-test', offset: 1 });
    await bob.close();
  });

  it('is no incident when the publisher only wants the message stored', async () => {
    const ack = await ada.ask({
      type: 'publish',
      thread: 'archive',
      mid: 'kept',
      body: {},
      expect: 'stored'
    });
    expect(ack).to.include({ type: 'ack', offset: 1 });
    await graceOver();
    expect(complaints(server, 'archive')).to.deep.equal([]);
    expect((await statusOf(server.url)).monitor.outcomes['stored']).to.equal(1);
  });

  it('falls back to the owner when the owner is connected elsewhere', async () => {
    const olga = await WireClient.connect(server.url, 'olga');
    await olga.subscribe('owned');
    await olga.publish('owned', 'opening');
    await olga.ask({ type: 'unsubscribe', thread: 'owned' });
    await ada.publish('owned', 'for-the-owner');
    const message = await olga.next(
      (frame) => frame.type === 'message' && frame.mid === 'for-the-owner'
    );
    expect(message).to.deep.include({ thread: 'owned', offset: 2, from: { user: 'ada' } });
    expect(message['fallback']).to.equal(true);
    await graceOver();
    expect(complaints(server, 'owned')).to.deep.equal([]);
    expect((await statusOf(server.url)).monitor.outcomes['delivered_to_user']).to.equal(1);
    await olga.close();
  });

  it('does not fall back to the owner when the owner is the author', async () => {
    const olga = await WireClient.connect(server.url, 'olga');
    await olga.publish('monologue', 'alone');
    expect((await lineOf(server, UNDELIVERABLE, 'monologue')).level).to.equal('error');
    expect(olga.pending('message')).to.deep.equal([]);
    await olga.close();
    const reader = await WireClient.connect(server.url, 'ruth');
    await reader.subscribe('monologue');
    await lineOf(server, RESUMED, 'monologue');
    await reader.close();
  });

  it('is settled when the held messages are read from the stream of events', async () => {
    await ada.publish('streamed', 'by-sse');
    await lineOf(server, UNDELIVERABLE, 'streamed');
    const stream = new AbortController();
    const response = await fetch(`${server.url}/api/threads/streamed/events`, {
      signal: stream.signal
    });
    let text = '';
    for await (const chunk of response.body!) {
      text += Buffer.from(chunk).toString();
      if (text.includes('event: caught_up')) break;
    }
    stream.abort();
    expect(text).to.match(/id: [^:\n]+:1\nevent: message\ndata: .*"mid":"by-sse".*"replay":true/);
    await lineOf(server, RESUMED, 'streamed');
  });
});

describe('delivery after a crash', function () {
  this.timeout(60_000);
  // A short grace, and one that does not end during the spec, however slow the machine is.
  const SOON = { DELIVERY_GRACE_MS: '600' };
  const LONG = { DELIVERY_GRACE_MS: '60000' };
  let dataDir: string;
  let server: ServerProcess;

  before(async () => {
    dataDir = await temporaryDir();
    const first = await startServer({ dataDir, env: SOON });
    const bea = await WireClient.connect(first.url, 'bea');
    await bea.publish('reported', 'r1');
    await lineOf(first, UNDELIVERABLE, 'reported');
    // The log stores the mark after the line is written. The ack of a later message shows that the mark is stored.
    await bea.publish('test_after', 'r2');
    await first.stop('SIGKILL');
    const second = await startServer({ dataDir, env: LONG });
    const ada = await WireClient.connect(second.url, 'ada');
    await ada.publish('waiting', 'w1');
    // The log stores the mark "waiting" after the message. The ack of a later message shows that the mark is stored.
    await ada.publish('waiting', 'w2');
    await ada.publish('waiting', 'w3');
    expect(linesOf(second, UNDELIVERABLE, 'waiting')).to.deep.equal([]);
    await second.stop('SIGKILL');
    server = await startServer({ dataDir, env: LONG });
  });
  after(async () => {
    await (server as ServerProcess | undefined)?.stop();
    await rm(dataDir, { recursive: true, force: true });
  });

  it('knows at once what had been reported, and does not report it again', async () => {
    expect((await statusOf(server.url)).threads).to.include({ waiting: 1, undelivered: 1 });
    expect(linesOf(server, UNDELIVERABLE, 'reported')).to.deep.equal([]);
  });

  it('reports what was still waiting when the grace after the start is over', async () => {
    await server.stop('SIGKILL');
    server = await startServer({ dataDir, env: SOON });
    const line = await lineOf(server, UNDELIVERABLE, 'waiting');
    expect(line).to.include({ level: 'error', messages: 3, fromOffset: 1 });
    expect((await statusOf(server.url)).threads).to.include({ waiting: 0, undelivered: 2 });
    expect(linesOf(server, UNDELIVERABLE, 'reported')).to.deep.equal([]);
  });

  for (const [thread, expected] of [
    ['waiting', ['w1', 'w2', 'w3']],
    ['reported', ['r1']]
  ] as const) {
    it(`gives the next subscriber what was ${thread}, and closes the incident`, async () => {
      const bob = await WireClient.connect(server.url, 'bob');
      const { replays } = await bob.subscribe(thread);
      expect(replays.map(({ mid }) => mid)).to.deep.equal(expected);
      expect((await lineOf(server, RESUMED, thread)).level).to.equal('info');
      await bob.close();
    });
  }

  it('leaves nothing open in the end', async () => {
    const { monitor } = await untilStatus(server.url, ({ threads }) => threads.undelivered === 0);
    expect(monitor.issues).to.deep.equal([]);
  });
});
