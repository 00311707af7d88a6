/** The two packages as others get them: packed, installed into an empty project and used there. Needs a build. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { CLIENT_PACKAGE } from '../../../scripts/setup.mjs';
import { startServer } from '../../e2e/servers/server-process.js';
import { typeFaults } from './type-faults.js';
import { InstalledProject, pack, ROOT, type Packed } from './installed-project.js';

/** Most that a front end may have to install for the SDK; nearly all of it is xstate. */
const CLIENT_BYTES_MAX = 4_000_000;

/** Hands a message through a server and tells whether both names of the SDK have the same classes. */
const CHAT = `
import { connect, RollcallError } from 'rollcall/client';
import { RollcallError as Same } from 'rollcall-client';
import { SUBPROTOCOL } from 'rollcall';
import { RollcallChatTransport } from 'rollcall/ai/transport';
import { WebSocket } from 'ws';
const client = connect(process.argv[2], { user: 'ada', WebSocket });
const thread = client.thread('lobby', { since: 'start' });
const came = new Promise((resolve) => thread.on('message', resolve));
const { offset } = await thread.send({ text: 'hello' });
const { body } = await came;
const [{ parts }] = await new RollcallChatTransport({ client }).loadMessages('lobby');
client.close();
console.log(JSON.stringify({ offset, text: body.text, parts, isSame: RollcallError === Same, SUBPROTOCOL }));
`;

/** Code of a front end; the last line must not compile. */
const CONSUMER = `
import { connect, RollcallError, type Client, type MessageFrame } from 'rollcall-client';
import { useThread } from 'rollcall-client/react';
import { RollcallChatTransport, useRollcallChat } from 'rollcall-client/ai';
export const client: Client = connect('ws://127.0.0.1:1', { user: 'ada' });
export const textOf = ({ body, from }: MessageFrame): string => from.user + String(body);
client.thread('lobby').on('message', ({ offset }) => offset.toFixed(0));
client.on('state', (state) => state.name.toUpperCase());
export const { items, send } = useThread(client, 'lobby');
export const { messages, stop } = useRollcallChat(client, 'lobby', { agent: 'echo' });
export const stream = new RollcallChatTransport({ client }).reconnectToStream({ chatId: 'lobby' });
export const code: string = new RollcallError('closed', 'closed').code;
client.thread('lobby').on('message', ({ nothing }) => nothing);
`;

describe('the packed packages', function () {
  this.timeout(120_000);
  let folder: string;
  let client: InstalledProject;
  let server: InstalledProject;

  const packed = (name: string, manifest: string): Packed => ({
    file: join(folder, `${name}-${String(versionOf(manifest))}.tgz`),
    manifest: JSON.parse(readFileSync(join(ROOT, manifest), 'utf8')) as Packed['manifest']
  });

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'rollcall-packed-'));
    await pack(folder);
    const sdk = packed('rollcall-client', `${CLIENT_PACKAGE}/package.json`);
    client = new InstalledProject(join(folder, 'client'));
    server = new InstalledProject(join(folder, 'server'));
    await client.install([sdk], ['xstate']);
    await server.install([packed('rollcall', 'package.json'), sdk], null);
    // Without its optional packages lmdb would be compiled, so the project borrows its binary from the checkout.
    for (const name of readdirSync(join(ROOT, 'node_modules/@lmdb'))) server.lend(`@lmdb/${name}`);
  });
  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('install the client without the server', () => {
    const { names, bytes } = client.installed();
    expect(names).to.eql(['rollcall-client', 'xstate']);
    expect(bytes).to.be.within(1_000_000, CLIENT_BYTES_MAX);
  });

  it('have their licences with them', () => {
    const filesOf = (project: InstalledProject, name: string) =>
      readdirSync(join(project.folder, 'node_modules', name));
    expect(filesOf(client, 'rollcall-client')).to.eql([
      'LICENSE',
      'README.md',
      'dist',
      'package.json'
    ]);
    expect(filesOf(server, 'rollcall')).to.include.members([
      'LICENSE',
      'THIRD-PARTY',
      'CHANGELOG.md'
    ]);
  });

  it('let Node import the client where there is no React', async () => {
    const code = "import * as sdk from 'rollcall-client'; console.log(Object.keys(sdk).join())";
    const names = (await client.run(process.execPath, '--input-type=module', '-e', code)).split(
      ','
    );
    expect(names).to.include.members(['connect', 'RollcallError', 'viewThread']);
  });

  it('let Node import the transport of the AI SDK where there is neither React nor that', async () => {
    const code =
      "import * as ai from 'rollcall-client/ai/transport'; console.log(Object.keys(ai).sort().join())";
    const names = await client.run(process.execPath, '--input-type=module', '-e', code);
    expect(names.trim()).to.equal('ASK_TOOL,RollcallChatTransport');
  });

  it('run a server, and rollcall/client is rollcall-client', async () => {
    const entry = join(server.folder, 'node_modules/rollcall/scripts/rollcall.mjs');
    const running = await startServer({ entry: [entry, 'start'] });
    try {
      server.write('chat.mjs', CHAT);
      const said: unknown = JSON.parse(await server.run(process.execPath, 'chat.mjs', running.url));
      expect(said).to.eql({
        offset: 1,
        text: 'hello',
        parts: [{ type: 'text', text: 'hello' }],
        isSame: true,
        SUBPROTOCOL: 'rollcall.v1'
      });
    } finally {
      expect(await running.stop()).to.equal(0);
    }
  });

  describe('types', () => {
    before(() => {
      for (const name of ['react', '@types/react', 'csstype']) client.lend(name);
      client.write('consumer.ts', CONSUMER);
    });

    for (const resolution of ['node16', 'bundler'] as const) {
      it(`need nothing but xstate and React: ${resolution} resolution`, () => {
        const isOurs = (path: string) => path.startsWith('node_modules/rollcall-client/');
        const faults = typeFaults(client.folder, 'consumer.ts', resolution, isOurs);
        expect(faults, faults.join('\n')).to.have.length(1);
        expect(faults[0]).to.match(/^consumer\.ts:13 Property 'nothing' does not exist/);
      });
    }
  });
});

function versionOf(manifest: string): unknown {
  return (JSON.parse(readFileSync(join(ROOT, manifest), 'utf8')) as { version: unknown }).version;
}
