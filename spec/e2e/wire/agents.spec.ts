import { rm } from 'node:fs/promises';
import { expect } from 'chai';
import { startServer, temporaryDir, type ServerProcess } from '../servers/server-process.js';
import { requireTransport, TRANSPORTS } from './transports.js';
import { WireClient, type Frame } from './wire-client.js';

/** At four words a second, the answer takes far longer than what the specs do meanwhile, also on a busy machine. */
const TEXT = Array.from({ length: 200 }, (_, n) => `word${String(n)}`).join(' ');

const bodyOf = (frame: Frame): Record<string, unknown> => frame.body as Record<string, unknown>;

/** Resolves to the next log entry of a kind. */
function entry(client: WireClient, kind: string): Promise<Frame> {
  return client.next((frame) => frame.type === 'message' && frame.kind === kind);
}

for (const transport of TRANSPORTS) {
  describe(`runs of agents on ${transport}`, function () {
    this.timeout(60_000);
    let dataDir: string;
    let server: ServerProcess;

    const start = async (): Promise<void> => {
      const env = { TRANSPORT: transport, AGENT_ECHO_WORDS_PER_SECOND: '4' };
      server = await startServer({ env, dataDir });
    };

    before(async function () {
      requireTransport(this, transport);
      dataDir = await temporaryDir();
      await start();
    });
    after(async () => {
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    });

    it('streams an answer to every subscriber, stops it from another connection, and tells who comes later', async () => {
      const ada = await WireClient.connect(server.url, 'ada');
      const bob = await WireClient.connect(server.url, 'bob');
      for (const client of [ada, bob]) await client.subscribe('agent-stop');
      await ada.ask({ type: 'publish', thread: 'agent-stop', mid: 'm1', body: { text: TEXT } });
      const run = bodyOf(await entry(ada, 'agent_started'))['run'];
      expect((await bob.next('chunk'))['run']).to.equal(run);
      const later = await WireClient.connect(server.url, 'ada');
      const { subscribed } = await later.subscribe('agent-stop');
      const runs = subscribed['runs'] as { text: string }[];
      expect(runs).to.have.length(1);
      expect(runs[0]).to.include({ run, mid: 'm1', state: 'streaming', agent: 'echo' });
      expect(TEXT.startsWith(runs[0]?.text ?? '?')).to.equal(true);
      expect((await bob.ask({ type: 'cancel', run })).code).to.equal('forbidden');
      expect((await later.ask({ type: 'cancel', run })).type).to.equal('cancelling');
      const end = bodyOf(await entry(bob, 'agent_cancelled'));
      expect(end).to.include({ run, by: 'ada' });
      expect(TEXT.startsWith(String(end['text']))).to.equal(true);
    });

    it('answers in the order of the messages, and gives up one that is withdrawn', async () => {
      const ada = await WireClient.connect(server.url, 'ada');
      await ada.subscribe('queue');
      for (const mid of ['q1', 'q2', 'q3']) {
        const text = mid === 'q1' ? TEXT : `${mid} ok`;
        const message = { thread: 'queue', mid, agent: 'echo', body: { text } };
        await ada.ask({ type: 'publish', ...message });
      }
      const waiting = [await entry(ada, 'agent_queued'), await entry(ada, 'agent_queued')];
      expect(waiting.map((frame) => bodyOf(frame)['position'])).to.deep.equal([1, 2]);
      expect(waiting.map((frame) => bodyOf(frame)['inReplyTo'])).to.deep.equal(['q2', 'q3']);
      const second = bodyOf(waiting[0]!)['run'];
      expect((await ada.ask({ type: 'withdraw', run: second })).type).to.equal('withdrawn');
      expect(bodyOf(await entry(ada, 'agent_cancelled'))['run']).to.equal(second);
      await ada.ask({ type: 'cancel', thread: 'queue', mid: 'q1' });
      expect(bodyOf(await entry(ada, 'agent_completed'))['text']).to.equal('q3 ok');
    });

    it('begins no second run for a message that is sent again', async () => {
      const ada = await WireClient.connect(server.url, 'ada');
      await ada.subscribe('agent-again');
      const message = { type: 'publish', thread: 'agent-again', mid: 'a1', body: { text: 'hi' } };
      await ada.ask(message);
      expect((await ada.ask(message))['duplicate']).to.equal(true);
      await entry(ada, 'agent_completed');
      await ada.ask({ type: 'publish', thread: 'agent-again', mid: 'a2', body: { text: 'ho' } });
      const started = [await entry(ada, 'agent_started'), await entry(ada, 'agent_started')];
      expect(started.map((frame) => bodyOf(frame)['inReplyTo'])).to.deep.equal(['a1', 'a2']);
    });

    it('tells every subscriber, also of an event stream, which agent answers from now on', async () => {
      const ada = await WireClient.connect(server.url, 'ada');
      const bob = await WireClient.connect(server.url, 'bob');
      expect((await bob.subscribe('chosen')).subscribed).to.not.have.property('agent');
      const stop = new AbortController();
      const stream = await fetch(`${server.url}/api/threads/chosen/events`, {
        signal: stop.signal
      });
      const put = (agent: string | null): Promise<Response> =>
        fetch(`${server.url}/api/threads/chosen/agent`, {
          method: 'PUT',
          body: JSON.stringify({ agent })
        });
      const publish = (mid: string, fields: object = {}): Promise<Frame> =>
        ada.ask({ type: 'publish', thread: 'chosen', mid, body: { text: 'hi' }, ...fields });
      await publish('c1', { agent: 'echo' });
      await publish('c2', { agent: 'echo' });
      for (const agent of [null, null, 'echo']) expect((await put(agent)).status).to.equal(200);
      await publish('c3');
      await bob.settle();
      const told = bob.all.filter(({ type }) => type === 'agent');
      const frame = { type: 'agent', thread: 'chosen' };
      expect(told).to.eql([
        { ...frame, agent: 'echo', by: 'ada' },
        { ...frame, agent: null, by: null },
        { ...frame, agent: 'echo', by: null }
      ]);
      let text = '';
      const decoder = new TextDecoder();
      for await (const chunk of stream.body as AsyncIterable<Uint8Array>) {
        text += decoder.decode(chunk, { stream: true });
        if (text.split('event: agent\n').length === 4) break;
      }
      stop.abort();
      expect((await ada.subscribe('chosen')).subscribed['agent']).to.equal('echo');
    });

    it('lets nobody take the mids of a run’s own entries, so that it ends once and begins after others', async () => {
      const ada = await WireClient.connect(server.url, 'ada');
      const eve = await WireClient.connect(server.url, 'eve');
      const publish = (client: WireClient, mid: string, text = 'hi', thread = 'agent-mids') =>
        client.ask({ type: 'publish', thread, mid, body: { text } });
      await ada.subscribe('agent-mids');
      await publish(ada, 'm1', TEXT);
      const first = String(bodyOf(await entry(ada, 'agent_started'))['run']);
      await publish(ada, 'm2');
      const second = String(bodyOf(await entry(ada, 'agent_queued'))['run']);
      for (const mid of [`${first}:end`, `${first}:ask:a1`, `${second}:start`, `${second}:end`]) {
        expect((await publish(eve, mid)).code).to.equal('conflict');
        // Elsewhere it is a mid like any other.
        expect((await publish(eve, mid, 'hi', 'mids-of-eve')).type).to.equal('ack');
      }
      const overHttp = await fetch(`${server.url}/api/threads/agent-mids/messages`, {
        method: 'POST',
        body: JSON.stringify({ mid: `${first}:end`, from: 'eve', body: { text: 'hi' } })
      });
      expect(overHttp.status).to.equal(409);
      expect(await overHttp.json()).to.include({ code: 'conflict' });
      expect((await publish(eve, 'rest:end')).type).to.equal('ack');
      await ada.ask({ type: 'cancel', run: first });
      const ends = [await entry(ada, 'agent_cancelled'), await entry(ada, 'agent_completed')];
      expect(ends.map((frame) => bodyOf(frame)['run'])).to.deep.equal([first, second]);
      expect(ends.map((frame) => frame.mid)).to.deep.equal([`${first}:end`, `${second}:end`]);
    });

    it('refuses an agent that is not there, and one more while it is to be refused', async () => {
      const ada = await WireClient.connect(server.url, 'ada');
      const publish = (mid: string, fields: object) =>
        ada.ask({ type: 'publish', thread: 'agent-no', mid, body: { text: TEXT }, ...fields });
      expect((await publish('n1', { agent: 'nobody' })).code).to.equal('not_found');
      expect((await publish('n2', {})).type).to.equal('ack');
      expect((await publish('n3', { whileRunning: 'reject' })).code).to.equal('conflict');
    });

    it('ends what ran when the process was killed, once, and begins what waited', async () => {
      const ada = await WireClient.connect(server.url, 'ada');
      await ada.subscribe('agent-kill');
      for (const mid of ['k1', 'k2']) {
        await ada.ask({
          type: 'publish',
          thread: 'agent-kill',
          mid,
          body: { text: mid === 'k1' ? TEXT : 'k2 ok' }
        });
      }
      await ada.next('chunk');
      await server.stop('SIGKILL');
      await start();
      const again = await WireClient.connect(server.url, 'ada');
      const { replays } = await again.subscribe('agent-kill', 'start');
      const failed = replays.find(({ kind }) => kind === 'agent_failed');
      expect(failed === undefined ? null : bodyOf(failed)['error']).to.include({
        code: 'interrupted'
      });
      const completed = bodyOf(await entry(again, 'agent_completed'));
      expect(completed['text']).to.equal('k2 ok');
      const { messages } = (await again.ask({
        type: 'history',
        thread: 'agent-kill'
      })) as unknown as {
        messages: { kind: string; body: { run?: string } }[];
      };
      const ends = messages.filter(({ kind }) => /^agent_(completed|failed|cancelled)$/.test(kind));
      expect(ends.map(({ kind }) => kind)).to.deep.equal(['agent_failed', 'agent_completed']);
    });
  });
}
