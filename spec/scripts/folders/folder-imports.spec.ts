import { expect } from 'chai';
import { circlesOf, folderImports, wrongWay } from '../../../scripts/folders/folder-imports.js';
import { importsOf } from '../../../scripts/folders/source-files.js';
import { PRODUCT, SCRIPTS } from './project-files.js';

const file = (path: string, ...imported: string[]) => ({
  path,
  text: imported.map((specifier) => `import '${specifier}';`).join('\n')
});

describe('folderImports', () => {
  it('names the folders in which the two paths first differ, once', () => {
    const files = [
      file('actors/log/lmdb/disk/pages.ts', '../../../facts/fact.js', '../feed/feed.js'),
      file('actors/log/reader.ts', '../facts/fact.js', '../../machines/delivery/states.js')
    ];
    expect(folderImports(files)).to.deep.equal([
      { from: 'actors', to: 'machines' },
      { from: 'actors/log', to: 'actors/facts' },
      { from: 'actors/log/lmdb/disk', to: 'actors/log/lmdb/feed' }
    ]);
  });

  it('takes a folder and its rooms as one', () => {
    const files = [
      file('actors/log/reader.ts', './lmdb/lmdb-log.js', './entry.js'),
      file('actors/log/lmdb/lmdb-log.ts', '../entry.js')
    ];
    expect(folderImports(files)).to.deep.equal([]);
  });
});

describe('circlesOf', () => {
  it('names the folders of each circle, and none that only lead to one', () => {
    const imports = [
      { from: 'a', to: 'b' },
      { from: 'b', to: 'c' },
      { from: 'c', to: 'a' },
      { from: 'd', to: 'a' },
      { from: 'c', to: 'e' }
    ];
    expect(circlesOf(imports)).to.deep.equal([['a', 'b', 'c']]);
  });

  it('finds no circle between the folders of the project', () => {
    expect(circlesOf(folderImports([...PRODUCT, ...SCRIPTS]))).to.deep.equal([]);
  });

  it('finds no circle between the files of the project', () => {
    const imports = [...PRODUCT, ...SCRIPTS].flatMap((from) =>
      importsOf(from).map((to) => ({ from: from.path, to }))
    );
    expect(circlesOf(imports)).to.deep.equal([]);
  });
});

describe('wrongWay', () => {
  it('names imports from below upwards, and from the product into scripts and specs', () => {
    const files = [
      file('machines/a.ts', '../actors/b.js', '../protocol/frames.js'),
      file('server/c.ts', '../scripts/d.js', '../actors/b.js'),
      file('scripts/e.ts', '../server/c.js')
    ];
    expect(wrongWay(files)).to.deep.equal([
      'machines/a.ts → actors/b.ts',
      'server/c.ts → scripts/d.ts'
    ]);
  });

  it('finds none in the project', () => {
    expect(wrongWay([...PRODUCT, ...SCRIPTS])).to.deep.equal([]);
  });
});
