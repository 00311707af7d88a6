import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { lintKeys, staleFiles } from '../../../scripts/lint/lint-cache.mjs';

describe('lintKeys', () => {
  let root: string;
  const file = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'rollcall-lint-'));
    file('eslint.config.js', 'export default [];');
    file('a/base.ts', 'export interface Base { n: number }');
    file('a/middle.ts', "export type { Base } from './base.js';");
    file(
      'b/top.ts',
      "import type { Base } from '../a/middle.js';\nexport const n = (b: Base) => b.n;"
    );
    file('b/lone.ts', 'export const lone = 1;');
    file('spec/by-name.ts', "import { n } from 'rollcall/client';\nexport const m = n;");
    file('node_modules/x/x.js', '');
    file('dist/x.js', '');
  });
  afterEach(() => {
    rmSync(root, { recursive: true, force: true });
  });

  /** What must be linted again after a change, when all was clean before. */
  function staleAfter(change: () => void): string[] {
    const clean = Object.fromEntries(lintKeys(root));
    change();
    return staleFiles(lintKeys(root), clean).sort();
  }
  const ALL = [
    'a/base.ts',
    'a/middle.ts',
    'b/lone.ts',
    'b/top.ts',
    'eslint.config.js',
    'spec/by-name.ts'
  ];

  it('has every source, and nothing that is installed or built', () => {
    expect([...lintKeys(root).keys()].sort()).to.deep.equal(ALL);
  });

  it('stays as it is when nothing has changed', () => {
    expect(staleAfter(() => undefined)).to.deep.equal([]);
  });

  it('changes for a file and for all that import it, also over another file', () => {
    const changed = staleAfter(() => {
      file('a/base.ts', 'export interface Base { n: Promise<number> }');
    });
    expect(changed).to.deep.equal(['a/base.ts', 'a/middle.ts', 'b/top.ts', 'spec/by-name.ts']);
  });

  it('changes for one file alone when nothing imports it, and for what imports the package by name', () => {
    const changed = staleAfter(() => {
      file('b/lone.ts', 'export const lone = 2;');
    });
    expect(changed).to.deep.equal(['b/lone.ts', 'spec/by-name.ts']);
  });

  for (const path of ['eslint.config.js', 'package-lock.json', 'client/pages/tsconfig.json']) {
    it(`changes for every file when ${path} does`, () => {
      expect(
        staleAfter(() => {
          file(path, '/* new */');
        })
      ).to.deep.equal(ALL);
    });
  }

  it('changes for every file when a type that is known without an import does', () => {
    const changed = staleAfter(() => {
      file('a/global.ts', 'declare global { interface Window { a: 1 } }\nexport {};');
    });
    expect(changed).to.deep.equal([...ALL, 'a/global.ts'].sort());
  });

  it('changes when a file that was imported comes or goes', () => {
    const changed = staleAfter(() => {
      rmSync(join(root, 'a/base.ts'));
    });
    expect(changed).to.deep.equal(['a/middle.ts', 'b/top.ts', 'spec/by-name.ts']);
  });
});
