import { expect } from 'chai';
import { startServer, temporaryDir, type ServerProcess } from '../servers/server-process.js';
import { requireTransport, TRANSPORTS } from '../wire/transports.js';
import { WireClient } from '../wire/wire-client.js';
import { KEY, PRODUCTION, tokenOf } from './doors.js';

const seconds = Math.floor(Date.now() / 1_000);

for (const transport of TRANSPORTS) {
  describe(`revoked tokens on ${transport}`, function () {
    this.timeout(60_000);
    let server: ServerProcess;
    let dataDir: string;
    const clients: WireClient[] = [];

    const env = {
      TRANSPORT: transport,
      ...PRODUCTION
    };
    const token = (age: number, jti?: string): Promise<string> =>
      tokenOf('ada', { iat: seconds - age, ...(jti === undefined ? {} : { jti }) });
    const ask = async (method: string, body?: object): Promise<unknown> => {
      const response = await fetch(`${server.url}/api/users/ada/revoke`, {
        method,
        headers: { 'x-api-key': KEY },
        ...(body === undefined ? {} : { body: JSON.stringify(body) })
      });
      const answer = (await response.json()) as { code?: string };
      return answer.code ?? answer;
    };
    const dial = async (shown: string): Promise<WireClient> => {
      const client = await WireClient.open(server.url);
      clients.push(client);
      client.send({ type: 'connect', id: 1, token: shown });
      return client;
    };
    const come = async (shown: string): Promise<WireClient> => {
      const client = await dial(shown);
      await client.next('connected');
      return client;
    };
    const cutOff = async (client: WireClient): Promise<void> => {
      expect(await client.next('error')).to.include({ code: 'revoked', retry: false });
      expect(await client.next('disconnect')).to.include({ code: 3500, reconnect: false });
      expect(await client.ended).to.include({ code: 3500 });
    };

    before(async function () {
      requireTransport(this, transport);
      dataDir = await temporaryDir();
      server = await startServer({ env, dataDir });
    });
    beforeEach(async () => {
      await ask('DELETE');
    });
    afterEach(async () => {
      const open = clients.splice(0);
      for (const { socket } of open) socket.terminate();
      await Promise.all(open.map(({ ended }) => ended));
    });
    after(async () => {
      if ((server as ServerProcess | undefined) !== undefined) await server.stop();
    });

    it('lose their connections and streams at once, and are refused at every door from then on', async () => {
      const old = await token(100);
      const client = await come(old);
      const bob = await dial(await tokenOf('bob', { iat: seconds - 100 }));
      await bob.next('connected');
      const authorization = `Bearer ${old}`;
      const events = await fetch(`${server.url}/api/threads/t/events`, {
        headers: { authorization }
      });
      const stream = events.text();
      const before = (seconds - 50) * 1_000;
      expect(await ask('POST', { before })).to.eql({ user: 'ada', before, jti: [] });
      await cutOff(client);
      expect(await stream).to.match(/event: disconnect\n.*"code":3500/s);
      await cutOff(await dial(old));
      const page = await fetch(`${server.url}/api/threads/t/messages`, {
        headers: { authorization }
      });
      expect([page.status, ((await page.json()) as { code: string }).code]).to.eql([
        401,
        'revoked'
      ]);
      expect(await bob.ask({ type: 'ping' })).to.include({ type: 'pong' });
      const newer = await come(await token(10));
      expect(await newer.ask({ type: 'refresh', token: old })).to.include({ code: 'revoked' });
      expect(await newer.ask({ type: 'ping' })).to.include({ type: 'pong' });
    });

    it('are listed, one by one too, and accepted again once that is lifted', async () => {
      const [one, other] = [await token(5, 'j1'), await token(5, 'j2')];
      const [first, second] = [await come(one), await come(other)];
      expect(await ask('POST', { jti: 'j1' })).to.eql({ user: 'ada', before: null, jti: ['j1'] });
      await cutOff(first);
      expect(await second.ask({ type: 'ping' })).to.include({ type: 'pong' });
      expect(await ask('GET')).to.eql({ user: 'ada', before: null, jti: ['j1'] });
      expect(await ask('DELETE')).to.eql({ user: 'ada', before: null, jti: [] });
      await come(one);
      expect(await ask('POST', { jti: '' })).to.equal('bad_frame');
      expect(await ask('POST', { before: 'now' })).to.equal('bad_frame');
    });

    it('stay so after a restart', async () => {
      const old = await token(100);
      expect(await ask('POST'))
        .to.have.property('before')
        .that.is.a('number');
      await server.stop();
      server = await startServer({ env, dataDir });
      await cutOff(await dial(old));
    });
  });
}
