import { expect } from 'chai';
import {
  DONE,
  finish,
  modelStub,
  piece,
  says,
  stalls,
  streams,
  USAGE,
  type ModelStub
} from '../../actors/agents/models/model-stub.js';
import { startServer, temporaryDir, type ServerProcess } from '../servers/server-process.js';
import { rm } from 'node:fs/promises';
import { requireTransport, TRANSPORTS } from '../wire/transports.js';
import { WireClient, type Frame } from '../wire/wire-client.js';

const KEY = 'sk-very-secret';

for (const transport of TRANSPORTS) {
  describe(`AGENTS=openai on ${transport}`, function () {
    this.timeout(60_000);
    let stub: ModelStub;
    let server: ServerProcess;
    let dataDir: string;
    let ada: WireClient;
    let count = 0;
    let thread: string;

    const start = async (): Promise<void> => {
      server = await startServer({
        dataDir,
        env: {
          TRANSPORT: transport,
          AGENTS: 'openai',
          AGENT_URL: stub.url.href,
          AGENT_KEY: KEY,
          AGENT_MODEL: 'm1'
        }
      });
    };

    before(async function () {
      requireTransport(this, transport);
      dataDir = await temporaryDir();
      stub = await modelStub();
      await start();
    });
    beforeEach(async () => {
      thread = `t${String(++count)}`;
      ada = await WireClient.connect(server.url, 'ada');
      await ada.subscribe(thread);
    });
    afterEach(async () => {
      ada.socket.terminate();
      await ada.ended;
    });
    after(async () => {
      await (server as ServerProcess | undefined)?.stop();
      await (stub as ModelStub | undefined)?.stop();
      await rm(dataDir, { recursive: true, force: true });
    });

    const ask = async (mid: string): Promise<void> => {
      const request = { type: 'publish', thread, mid, agent: 'openai', body: { text: 'hi' } };
      expect((await ada.ask(request)).type).to.equal('ack');
    };
    const entry = (kind: string): Promise<Frame> =>
      ada.next((frame) => frame.thread === thread && frame.kind === kind);

    it('tells a start, pieces, and an end with what it has cost', async () => {
      stub.does(streams(piece('Hello'), piece(' you'), finish(), USAGE, DONE));
      await ask('m1');
      expect((await entry('agent_started')).body).to.include({ agent: 'openai', inReplyTo: 'm1' });
      const chunk = await ada.next('chunk');
      expect(chunk).to.include({ at: 0, text: 'Hello' });
      expect((await entry('agent_completed')).body).to.deep.include({
        text: 'Hello you',
        usage: { input: 12, output: 5, cached: 4, reasoning: 2, model: 'm1' }
      });
    });

    it('closes the request when the run is cancelled', async () => {
      stub.does(stalls(piece('Hello')));
      const asked = stub.asked.length;
      await ask('m1');
      const { run } = await ada.next('chunk');
      expect((await ada.ask({ type: 'cancel', run })).type).to.equal('cancelling');
      // Without the cancel it would be open until AGENT_STALL_MS, which is longer than this spec may take.
      await stub.closed(asked + 1);
      expect((await entry('agent_cancelled')).body).to.include({ text: 'Hello', by: 'ada' });
    });

    it('tries a busy server again, and the new text takes the place of the old', async () => {
      stub.does(
        says(429, 'slow down', { 'retry-after': '0' }),
        streams(piece('Hello'), finish(), DONE)
      );
      await ask('m1');
      expect((await entry('agent_completed')).body).to.include({ text: 'Hello', attempt: 2 });
    });

    it('fails at once when the key is refused, and keeps the reason and the key from people', async () => {
      stub.does(says(401, `{"error":"no such key ${KEY} of acme"}`));
      await ask('m1');
      const { body } = await entry('agent_failed');
      expect(body).to.deep.include({
        error: {
          code: 'provider_refused',
          message: "the model's server refused the request with status 401"
        }
      });
      const line = await server.line('the agent openai got no answer');
      expect(JSON.stringify(ada.all)).to.not.match(/acme|secret/);
      expect(JSON.stringify(server.lines)).to.not.include(KEY);
      expect(line.level).to.equal('error');
    });

    it('closes the request and ends the run as interrupted when the server stops', async () => {
      stub.does(stalls(piece('Hello')));
      const asked = stub.asked.length;
      await ask('m1');
      await ada.next('chunk');
      expect(await server.stop('SIGTERM')).to.equal(0);
      await stub.closed(asked + 1);
      await start();
      ada = await WireClient.connect(server.url, 'ada');
      const { replays } = await ada.subscribe(thread, 'start');
      expect(replays.map(({ kind }) => kind)).to.deep.equal([
        'user_message',
        'agent_started',
        'agent_failed'
      ]);
      expect(replays.at(-1)?.body).to.deep.include({ text: 'Hello' });
      expect(JSON.stringify(replays.at(-1)?.body)).to.include('"interrupted"');
    });
  });
}
