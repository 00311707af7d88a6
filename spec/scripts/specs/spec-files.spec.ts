import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { chosenSpecs, needsDist, specFiles } from '../../../scripts/specs/spec-files.mjs';

describe('spec files', () => {
  let root: string;
  before(() => {
    root = mkdtempSync(join(tmpdir(), 'rollcall-spec-files-'));
    const file = (path: string, text = ''): void => {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    };
    file('spec/require.ts');
    file('spec/cli/b.spec.ts');
    file('spec/cli/a.spec.ts');
    file('spec/e2e/wire/c.spec.ts');
    file(
      'spec/scripts/d.spec.ts',
      "import { startServer } from '../../e2e/servers/server-process.js';"
    );
    mkdirSync(join(root, 'spec/cases'));
  });
  after(() => {
    rmSync(root, { recursive: true, force: true });
  });

  describe('specFiles', () => {
    it('answers every spec file, in order, and no helper', () => {
      expect(specFiles('spec', root)).to.deep.equal([
        'spec/cli/a.spec.ts',
        'spec/cli/b.spec.ts',
        'spec/e2e/wire/c.spec.ts',
        'spec/scripts/d.spec.ts'
      ]);
    });
  });

  describe('chosenSpecs', () => {
    it('answers one file only when one is named', () => {
      expect(chosenSpecs(['spec/cli/a.spec.ts'], root)).to.deep.equal({
        files: ['spec/cli/a.spec.ts'],
        options: []
      });
    });

    it('answers all specs below a folder when one is named, each once', () => {
      const { files } = chosenSpecs(['./spec/cli/', 'spec/cli/b.spec.ts'], root);
      expect(files).to.deep.equal(['spec/cli/a.spec.ts', 'spec/cli/b.spec.ts']);
    });

    it('takes an absolute path', () => {
      const { files } = chosenSpecs([join(root, 'spec/cli/a.spec.ts')], root);
      expect(files).to.deep.equal(['spec/cli/a.spec.ts']);
    });

    it('answers all specs when no path is named, and leaves options to mocha', () => {
      const { files, options } = chosenSpecs(['-g', 'Enter', '--bail'], root);
      expect(files).to.deep.equal(specFiles('spec', root));
      expect(options).to.deep.equal(['-g', 'Enter', '--bail']);
    });

    it('says what is wrong with a path that leads to no spec', () => {
      expect(() => chosenSpecs(['spec/nowhere.spec.ts'], root)).to.throw(
        'there is no spec/nowhere.spec.ts: name a spec file or a folder'
      );
      expect(() => chosenSpecs(['spec/require.ts'], root)).to.throw(
        'spec/require.ts is no spec: its name must end with .spec.ts'
      );
      expect(() => chosenSpecs(['spec/cases'], root)).to.throw(
        'no file in spec/cases ends with .spec.ts'
      );
    });
  });

  describe('needsDist', () => {
    it('answers true for specs in spec/e2e and for those that use its helpers', () => {
      expect(
        ['spec/e2e/wire/c.spec.ts', 'spec/scripts/d.spec.ts', 'spec/cli/a.spec.ts'].map((path) =>
          needsDist(path, root)
        )
      ).to.deep.equal([true, true, false]);
    });
  });
});
