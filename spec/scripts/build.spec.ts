import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs';
import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { needsBuild } from '../../scripts/setup.mjs';

const HERE = fileURLToPath(new URL('../..', import.meta.url));

describe('scripts/build.mjs', function () {
  this.timeout(120_000);
  let root: string;
  let buildOptions: object;

  function file(path: string, text: string): void {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }

  function build(): Promise<{ code: number; stderr: string }> {
    return new Promise((resolve) => {
      execFile(process.execPath, [join(root, 'scripts/build.mjs')], (error, _stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), stderr });
      });
    });
  }

  before(() => {
    root = mkdtempSync(join(tmpdir(), 'rollcall-build-'));
    cpSync(join(HERE, 'scripts'), join(root, 'scripts'), { recursive: true });
    symlinkSync(join(HERE, 'node_modules'), join(root, 'node_modules'));
    const options = {
      module: 'NodeNext',
      target: 'ES2023',
      types: [],
      strict: true,
      skipLibCheck: true
    };
    const compilerOptions = { ...options, rootDir: '.' };
    buildOptions = compilerOptions;
    file('package.json', '{"type":"module"}');
    file('tsconfig.build.json', JSON.stringify({ compilerOptions, include: ['protocol'] }));
    file(
      'client/pages/tsconfig.json',
      JSON.stringify({ compilerOptions: options, include: ['*/*.ts'] })
    );
    file('protocol/frames.ts', 'export const NAME: string = "chat";');
    file(
      'client/pages/chat/chat.ts',
      'import { NAME } from "../../../protocol/frames.js"; console.log(NAME);'
    );
    file('client/pages/chat/chat.css', '@import "../shared/theme.css"; main { margin: 0 }');
    file('client/pages/shared/theme.css', 'body { color: light-dark(#000, #fff) }');
    file('client/pages/chat/index.html', '<!doctype html>');
  });

  after(() => {
    rmSync(root, { recursive: true, force: true });
  });

  it('makes modules, bundled pages and their files, and counts as fresh', async () => {
    expect(await build()).to.deep.equal({ code: 0, stderr: '' });
    expect(readdirSync(join(root, 'dist/client/pages'))).to.eql(['chat']);
    expect(readdirSync(join(root, 'dist/client/pages/chat'))).to.have.members([
      'chat.css',
      'chat.css.map',
      'chat.js',
      'chat.js.map',
      'index.html'
    ]);
    expect(readFileSync(join(root, 'dist/client/pages/chat/chat.js'), 'utf8')).to.not.include(
      'import'
    );
    const styles = readFileSync(join(root, 'dist/client/pages/chat/chat.css'), 'utf8');
    expect(styles).to.match(/^body\{color:light-dark\(#000,#fff\)\}main\{margin:0\}/);
    expect(readdirSync(join(root, 'dist/protocol'))).to.deep.equal(['frames.js']);
    for (const file of ['client.js', 'client/client.js']) {
      expect(readFileSync(join(root, 'dist', file), 'utf8')).to.include("from 'rollcall-client'");
    }
    expect(needsBuild(root)).to.equal(false);
  });

  it('leaves dist as it was and stale when a source does not compile', async () => {
    file('protocol/broken.ts', 'export const broken: number = "text";');
    const { code, stderr } = await build();
    expect(code).to.equal(1);
    expect(stderr).to.include('build failed, dist is as it was');
    expect(readdirSync(join(root, 'dist/protocol'))).to.deep.equal(['frames.js']);
    expect(readdirSync(root).filter((name) => name.startsWith('dist.next'))).to.eql([]);
    expect(needsBuild(root)).to.equal(true);
  });

  it('leaves nothing behind of a source that is gone', async () => {
    rmSync(join(root, 'protocol/broken.ts'));
    file('dist/protocol/removed.js', '');
    expect((await build()).code).to.equal(0);
    expect(readdirSync(join(root, 'dist/protocol'))).to.deep.equal(['frames.js']);
  });

  it('joins the modules of the command line and of the package, which then share their classes', async () => {
    file(
      'tsconfig.build.json',
      JSON.stringify({
        compilerOptions: buildOptions,
        include: ['protocol', 'cli', 'server', 'index.ts']
      })
    );
    file(
      'cli/cli.ts',
      'import { Fault, HERE } from "../server/deep/fault.js"; export { Fault, HERE };'
    );
    file('index.ts', 'export { Fault } from "./server/deep/fault.js";');
    file(
      'server/deep/fault.ts',
      'export class Fault extends Error {}\nexport const HERE = new URL("beside.txt", import.meta.url).href;'
    );
    expect(await build()).to.deep.equal({ code: 0, stderr: '' });
    const dist = join(root, 'dist');
    const [cli, index] = (await Promise.all(
      ['cli/cli.js', 'index.js'].map((name) => import(join(dist, name)))
    )) as [{ Fault: unknown; HERE: string }, { Fault: unknown }];
    expect(cli.Fault).to.equal(index.Fault);
    expect(cli.HERE).to.equal(pathToFileURL(join(dist, 'server/deep/beside.txt')).href);
    expect(readFileSync(join(dist, 'cli/cli.js'), 'utf8')).to.not.include('server/deep/fault.js"');
    expect(existsSync(join(dist, 'server/deep/fault.js'))).to.equal(true);
  });
});
