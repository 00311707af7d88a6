import { expect } from 'chai';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inLanguage, ROOT } from '../../scripts/docs/blocks.js';
import { startAndFail, startServer, temporaryDir } from '../servers/server-process.js';
import { WireClient } from '../wire/wire-client.js';

/** Modules that are no agent: the fault, the source, and the reason that the server gives. */
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
      `import { defineAgent } from ${JSON.stringify(join(ROOT, 'dist/index.js'))};
       class AgentError extends Error { name = 'AgentError'; code = 'my_code'; retryAfterMs = null; }
       export default [
         defineAgent({ name: 'shout', async *run({ message }) { yield message.body.text.toUpperCase(); } }),
         { name: 'fails', async *run() { throw new AgentError('told to people'); } }
       ];`
    );
    const server = await startServer({
      dataDir: join(folder, 'data'),
      env: { AGENTS: module }
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

  it('is loaded anew in development when it changes, and keeps its agents when the change is no good', async () => {
    const saying = (word: string): string =>
      `export default { name: 'a', async *run() { yield '${word}'; } };`;
    await writeFile(module, saying('old'));
    const server = await startServer({ dataDir: join(folder, 'data'), env: { AGENTS: module } });
    try {
      const ada = await WireClient.connect(server.url, 'ada');
      await ada.subscribe('t');
      const answer = async (mid: string): Promise<unknown> => {
        await ada.ask({ type: 'publish', thread: 't', mid, agent: 'a', body: { text: 'hi' } });
        return (await ada.next(({ kind }) => kind === 'agent_completed')).body;
      };
      expect(await answer('m1')).to.include({ text: 'old' });
      await writeFile(module, 'export default {');
      await server.line('a changed module of AGENTS is no good');
      expect(await answer('m2')).to.include({ text: 'old' });
      await writeFile(module, saying('new'));
      await server.line('Agents loaded anew: a');
      expect(await answer('m3')).to.include({ text: 'new' });
      await ada.close();
    } finally {
      await server.stop();
    }
  });

  it('runs as the documentation has it: docs/agents.md', async () => {
    const blocks = inLanguage('mjs').filter(({ at }) => at.startsWith('docs/agents.md'));
    expect(blocks).to.have.length(2);
    const modules = blocks.map((_, index) => join(folder, `agents${String(index)}.mjs`));
    for (const [index, path] of modules.entries()) await writeFile(path, blocks[index]?.text ?? '');
    // Where npm installs a package.
    await mkdir(join(folder, 'node_modules'));
    await symlink(ROOT, join(folder, 'node_modules/rollcall'));
    const server = await startServer({
      dataDir: join(folder, 'data'),
      env: { AGENTS: modules.join() }
    });
    try {
      const ada = await WireClient.connect(server.url, 'ada');
      await ada.subscribe('t');
      const ask = (mid: string, more: object): Promise<unknown> =>
        ada.ask({ type: 'publish', thread: 't', mid, body: { text: mid }, ...more });
      const entry = async (kind: string): Promise<Record<string, unknown>> =>
        (await ada.next((frame) => frame.kind === kind)).body as Record<string, unknown>;
      await ask('bread', { agent: 'order' });
      const { run, ask: question } = await entry('agent_waiting');
      await ask('now', { whileRunning: 'steer' });
      await entry('agent_steered');
      expect(await ada.ask({ type: 'answer', run, ask: question, value: 11 })).to.include({
        code: 'bad_frame'
      });
      await ada.ask({ type: 'answer', run, ask: question, value: 3 });
      expect(await entry('tool_completed')).to.deep.include({ ok: true, result: { minutes: 5 } });
      expect(await entry('agent_completed')).to.deep.include({
        text: 'You said: bread. Also noted: now. 3 will be ready in 5 minutes.',
        usage: { input: 12, output: 30, model: 'none' }
      });
      await ask('more', { agent: 'baker' });
      expect(await entry('agent_failed')).to.deep.include({
        text: 'Batch 2',
        attempt: 2,
        error: { code: 'no_flour', message: 'we have run out of flour' }
      });
      await ada.close();
    } finally {
      await server.stop();
    }
  });
});
