import { expect } from 'chai';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { startAndFail, startServer, temporaryDir } from '../servers/server-process.js';
import { WireClient } from '../wire/wire-client.js';

const ROOT = new URL('../../../dist/index.js', import.meta.url).href;

/** A module that is no agent, and why. */
const FAULTS: readonly (readonly [string, string, RegExp])[] = [
  ['is not there', '', /Cannot find module/],
  ['is no JavaScript', 'export default {', /Unexpected/],
  ['throws', 'throw new Error("no key for the model");', /no key for the model/],
  [
    'has no default export',
    'export const agent = { name: "a", async *run() {} };',
    /default export/
  ],
  ['exports no agent', 'export default [1];', /default export/],
  ['has an agent without a name', 'export default { name: "A b", async *run() {} };', /name has/],
  ['has an agent without a function', 'export default { name: "a", run: 1 };', /no function run/],
  [
    'has two agents of one name',
    'const a = { name: "a", async *run() {} }; export default [a, a];',
    /two agents a$/
  ]
];

describe('a module of AGENTS', function () {
  this.timeout(60_000);
  let folder: string;
  let module: string;

  beforeEach(async () => {
    folder = await temporaryDir();
    module = join(folder, 'agents.mjs');
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  for (const [what, text, why] of FAULTS) {
    it(`keeps the server from starting when it ${what}, and is named`, async () => {
      if (text !== '') await writeFile(module, text);
      const { code, lines } = await startAndFail({
        dataDir: join(folder, 'data'),
        env: { AGENTS: module }
      });
      expect(code).to.equal(3);
      const critical = lines.filter(({ message }) => message.includes('CRITICAL'));
      expect(critical).to.have.length(1);
      expect(critical[0]?.message).to.include(module).and.match(why);
    });
  }

  it('answers, with what it imports of the package, also from another copy of it', async () => {
    await writeFile(
      module,
      `import { defineAgent } from ${JSON.stringify(ROOT)};
       class AgentError extends Error { name = 'AgentError'; code = 'my_code'; retryAfterMs = null; }
       export default [
         defineAgent({ name: 'shout', async *run({ message }) { yield message.body.text.toUpperCase(); } }),
         { name: 'fails', async *run() { throw new AgentError('told to people'); } }
       ];`
    );
    const server = await startServer({
      dataDir: join(folder, 'data'),
      env: { AGENTS: pathToFileURL(module).pathname }
    });
    try {
      await server.line('Agents: shout, fails');
      const ada = await WireClient.connect(server.url, 'ada');
      await ada.subscribe('t');
      const ask = (mid: string, agent: string): Promise<unknown> =>
        ada.ask({ type: 'publish', thread: 't', mid, agent, body: { text: 'hi' } });
      await ask('m1', 'shout');
      const { body } = await ada.next(({ kind }) => kind === 'agent_completed');
      expect(body).to.include({ text: 'HI' });
      await ask('m2', 'fails');
      const failed = await ada.next(({ kind }) => kind === 'agent_failed');
      expect(failed.body).to.deep.include({
        error: { code: 'my_code', message: 'told to people' }
      });
      await ada.close();
    } finally {
      await server.stop();
    }
  });
});
