import { expect } from 'chai';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createElement, useState, type ReactElement } from 'react';
import { useChat } from '@ai-sdk/react';
import { renderToString } from 'react-dom/server';
import ts from 'typescript';
import { WebSocket } from 'ws';
import * as ai from '../../../client/ai/ai.js';
import * as sdk from '../../../client/sdk/client.js';
import * as react from '../../../client/sdk/react.js';
import { BLOCKS, inLanguage, ROOT, type Block } from '../../scripts/docs/blocks.js';
import { startServer, type ServerProcess } from '../servers/server-process.js';

/** Number of blocks that a comment excludes, with a reason. Each new one needs a good reason too. */
const NOT_RUN = 29;

/** The server's address in the pages. */
const ADDRESS = /http:\/\/127\.0\.0\.1:8080|wss:\/\/chat\.example\.org/g;

/** Time after which a command that never ends is stopped, in milliseconds. */
const COMMAND_MS = 60_000;

const canRun = (...languages: string[]): Block[] =>
  inLanguage(...languages).filter(({ notRun }) => notRun === null);

/** Stands for the application around the examples. */
interface Stubs {
  readonly shown: unknown[];
  readonly clients: sdk.Client[];
}

describe('code blocks that can be run', function () {
  this.timeout(COMMAND_MS * 2);
  let home: string;
  let server: ServerProcess;

  before(async () => {
    home = mkdtempSync(join(tmpdir(), 'rollcall-docs-'));
    // Stand for the commands of an installed package. They use this server, and a command that follows a thread ends.
    writeFileSync(
      join(home, 'rollcall'),
      '#!/bin/sh\ncase "$1" in chat) set -- "$@" --url "$URL";; tail) set -- "$@" --url "$URL" --limit 1;; esac\n' +
        `exec "${process.execPath}" "${join(ROOT, 'dist/cli/cli.js')}" "$@"\n`,
      { mode: 0o755 }
    );
    // Not every machine has jq, and jq is not under test here.
    const jq = `require('node:readline').createInterface(process.stdin).on('line', (line) => console.log(JSON.parse(line).body))`;
    writeFileSync(join(home, 'jq'), `#!/bin/sh\nexec "${process.execPath}" -e "${jq}"\n`, {
      mode: 0o755
    });
    writeFileSync(join(home, 'npx'), '#!/bin/sh\nexec "$@"\n', { mode: 0o755 });
    server = await startServer({ dataDir: join(home, 'data') });
  });

  after(async () => {
    await server.stop();
    rmSync(home, { recursive: true, force: true });
  });

  /** Runs the commands in a shell as a user does. Stops at the first one that fails, also inside a pipe. */
  async function inShell({ at, text }: Block): Promise<string> {
    const script = `set -e -o pipefail\n${text.replaceAll(ADDRESS, server.url)}`;
    return await new Promise((resolve, reject) => {
      const child = execFile(
        'bash',
        ['-c', script],
        {
          cwd: home,
          timeout: COMMAND_MS,
          env: {
            PATH: `${home}:${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`,
            HOME: home,
            URL: server.url
          }
        },
        (error, stdout, stderr) => {
          if (error === null) resolve(stdout);
          else reject(new Error(`${at}: ${error.message}\n${stdout}${stderr}`));
        }
      );
      child.stdin?.end();
    });
  }

  /** Runs a block with its imports and the names that it takes as given. Returns what it declares, by name. */
  async function inModule({ text }: Block, { shown, clients }: Stubs): Promise<unknown> {
    const { outputText } = ts.transpileModule(text.replaceAll(ADDRESS, server.url), {
      compilerOptions: {
        target: ts.ScriptTarget.ES2023,
        module: ts.ModuleKind.ESNext,
        jsx: ts.JsxEmit.React,
        verbatimModuleSyntax: false
      }
    });
    const opened = (client: sdk.Client): sdk.Client => {
      clients.push(client);
      return client;
    };
    const ours = {
      ...sdk,
      connect: (url: string, options: sdk.ConnectOptions) =>
        opened(sdk.connect(url, { WebSocket, ...options }))
    };
    const given = {
      modules: {
        'rollcall/client': ours,
        'rollcall-client': ours,
        'rollcall/react': react,
        'rollcall/ai': ai,
        '@ai-sdk/react': { useChat },
        react: { useState },
        ws: { WebSocket }
      },
      getToken: () => Promise.resolve('token'),
      show: (...words: unknown[]) => shown.push(words),
      console: { log: (...words: unknown[]) => shown.push(words) },
      url: server.url,
      user: 'ada',
      localStorage: { getItem: () => null, setItem: () => undefined, removeItem: () => undefined },
      React: { createElement },
      Gap: () => createElement('hr'),
      Message: ({ mid }: { mid: string }) => createElement('p', null, mid),
      get thread() {
        return opened(sdk.connect(server.url, { user: 'ada', WebSocket })).thread('t42');
      }
    };
    const body = outputText.replaceAll(
      /^import \{([^}]*)\} from '([^']+)';.*$/gm,
      (_, names: string, from: string) => `const {${names}} = modules[${JSON.stringify(from)}];`
    );
    const run = `return (async () => { ${body.replaceAll(/^export \{\};$/gm, '')}
      return typeof Chat === 'undefined' ? null : Chat; })()`;
    // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the text of our own pages
    const work = new Function(...Object.keys(given), run) as (
      ...all: unknown[]
    ) => Promise<unknown>;
    return await work(...Object.values(given));
  }

  it('are all but a few, each with its reason', () => {
    const code = BLOCKS.filter(({ language }) => ['sh', 'ts', 'tsx', 'js'].includes(language));
    const notRun = code.filter(({ notRun: why }) => why !== null);
    expect(notRun.map(({ at }) => at)).to.have.length(NOT_RUN);
    for (const { notRun: why } of notRun) expect(why).to.match(/^.{15,}$/);
    expect(code.length - notRun.length).to.be.at.least(12);
  });

  for (const block of canRun('ts', 'tsx')) {
    it(`run as they stand: ${block.at}`, async () => {
      const stubs: Stubs = { shown: [], clients: [] };
      try {
        const component = await inModule(block, stubs);
        if (typeof component === 'function') {
          const client = sdk.connect(server.url, { user: 'ada', WebSocket });
          stubs.clients.push(client);
          const type = component as (props: { client: sdk.Client }) => ReactElement;
          expect(renderToString(createElement(type, { client }))).to.be.a('string');
        }
        if (block.text.includes('.send(')) expect(stubs.shown).to.not.have.length(0);
      } finally {
        for (const client of stubs.clients) client.close();
      }
    });
  }

  for (const block of canRun('sh').filter(({ text }) => !text.startsWith('rollcall log'))) {
    it(`run in a shell: ${block.at}`, async () => {
      const said = await inShell(block);
      // Refusals of the API are JSON too.
      expect(said).to.not.include('"code"');
      if (block.text.includes('curl')) expect(() => void JSON.parse(said)).not.to.throw();
    });
  }

  for (const block of canRun('js')) {
    it(`run in Node against the server: ${block.at}`, async () => {
      const address = server.url.replace('http', 'ws');
      const text = block.text.replaceAll('ws://127.0.0.1:8080', address);
      expect(text).to.not.equal(block.text);
      const said = await new Promise<string>((resolve) => {
        const child = execFile(process.execPath, ['--input-type=module', '-e', text], {
          cwd: ROOT
        });
        child.stdout?.once('data', (line: string) => {
          child.kill('SIGKILL');
          resolve(line);
        });
        let errors = '';
        child.stderr?.on('data', (part: string) => (errors += part));
        child.once('exit', () => {
          resolve(errors);
        });
      });
      expect(said).to.match(/^@xstate\.(actor|event|snapshot)/);
    });
  }

  it('run on the log of a stopped server: docs/durability.md', async () => {
    await server.stop();
    const blocks = canRun('sh').filter(({ text }) => text.startsWith('rollcall log'));
    expect(blocks).to.have.length(3);
    for (const block of blocks) await inShell(block);
  });
});
