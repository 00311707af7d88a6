import { expect } from 'chai';
import { startServer, type ServerProcess } from '../servers/server-process.js';
import { requireTransport, TRANSPORTS } from './transports.js';
import { WireClient } from './wire-client.js';

/** Bodies that `JSON.stringify` would write differently, and how they are stored. */
const BODIES: readonly [written: string, stored: string][] = [
  ['{"n":9007199254740993}', '{"n":9007199254740993}'],
  ['{"n":1e400}', '{"n":1e400}'],
  ['[1.0, -0, 1E+2]', '[1.0,-0,1E+2]'],
  ['0.1234567890123456789', '0.1234567890123456789'],
  ['{ "b" : "\\u00e9" ,\t"a" : " two  spaces " }', '{"b":"\\u00e9","a":" two  spaces "}']
];

for (const transport of TRANSPORTS) {
  describe(`what is kept as it was written on ${transport}`, function () {
    this.timeout(60_000);
    let server: ServerProcess;

    before(async function () {
      requireTransport(this, transport);
      server = await startServer({ env: { TRANSPORT: transport } });
    });
    after(async () => {
      await server.stop();
    });

    const post = async (
      thread: string,
      text: string | Uint8Array
    ): Promise<[status: number, code: unknown]> => {
      const path = `${server.url}/api/threads/${thread}/messages`;
      const response = await fetch(path, { method: 'POST', body: text });
      return [response.status, ((await response.json()) as { code?: string }).code];
    };
    const lines = (client: WireClient): string[] => {
      const all: string[] = [];
      client.socket.on('message', (data: Buffer) => all.push(...data.toString().split('\n')));
      return all;
    };

    it('delivers and keeps bodies as they were written, over WebSocket and over HTTP', async () => {
      const ada = await WireClient.connect(server.url, 'ada');
      await ada.subscribe('bodies');
      const raw = lines(ada);
      for (const [index, [written]] of BODIES.entries()) {
        const mid = `w${String(index)}`;
        ada.sendText(
          `{"body":${written},"type":"publish","thread":"bodies","id":"${mid}","mid":"${mid}"}`
        );
        await ada.next('message');
        const over = written.replace(',', ',\n');
        expect(
          await post('bodies', `{"mid":"h${String(index)}","from":"ada",\n"body":${over}}`)
        ).to.eql([201, undefined]);
        await ada.next('message');
      }
      const history = await (await fetch(`${server.url}/api/threads/bodies/messages`)).text();
      const bodies = raw.flatMap(
        (line) => /"kind":"user_message","body":(.*)\}$/.exec(line)?.[1] ?? []
      );
      expect(bodies).to.eql(BODIES.flatMap(([, stored]) => [stored, stored]));
      for (const [, stored] of BODIES) expect(history).to.include(`"body":${stored}}`);
    });

    it('takes the same value for a duplicate, and a number that differs in its last digit for a conflict', async () => {
      const ada = await WireClient.connect(server.url, 'ada');
      const publish = async (body: string): Promise<unknown> => {
        const id = `i${String(Math.random())}`;
        ada.sendText(
          `{"type":"publish","thread":"same","id":"${id}","mid":"m","expect":"stored","body":${body}}`
        );
        const reply = await ada.next((frame) => frame.id === id);
        return reply.type === 'error' ? reply.code : reply['duplicate'];
      };
      expect(await publish('{"n":9007199254740993,"a":[1]}')).to.equal(false);
      expect(await publish('{"a":[1.0], "n":9007199254740993}')).to.equal(true);
      expect(await publish('{"n":9007199254740992,"a":[1]}')).to.equal('conflict');
      const over = `{"mid":"m","from":"ada","body":{"a":[10e-1],"n":9007199254740993}}`;
      expect(await post('same', over)).to.eql([200, undefined]);
    });

    it('echoes numeric ids digit by digit, in answers and in errors', async () => {
      const ada = await WireClient.connect(server.url, 'ada');
      const raw = lines(ada);
      const ids = ['9007199254740993', '-0', '1.50', '7'];
      for (const id of ids) {
        ada.sendText(`{"type":"ping","id":${id}}`);
        await ada.next('pong');
        ada.sendText(`{"id": ${id} ,"type":"history","thread":""}`);
        await ada.next('error');
        ada.sendText(`{"id":${id},"type":"history","thread":"ids"}`);
        await ada.next('history');
      }
      const echoed = raw.map((line) => /"id":([^,}]+)/.exec(line)?.[1]);
      expect(echoed).to.eql(ids.flatMap((id) => [id, id, id]));
      ada.sendText(`{"type":"ping","id":${'1'.repeat(129)}}`);
      expect(await ada.next('error')).to.include({ code: 'bad_frame' });
    });

    it('refuses bytes over HTTP that are not UTF-8', async () => {
      const latin = Buffer.from('{"mid":"latin","from":"ada","body":"café"}', 'latin1');
      expect(await post('latin', latin)).to.eql([400, 'bad_json']);
      expect(await post('latin', latin.toString('latin1'))).to.eql([201, undefined]);
    });
  });
}
