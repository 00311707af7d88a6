import { expect } from 'chai';
import { importsOf } from '../../../scripts/folders/source-files.js';
import { PRODUCT } from './project-files.js';

describe('sourceFiles', () => {
  it('finds the code in the rooms of a folder, sorted by path', () => {
    const paths = PRODUCT.map(({ path }) => path);
    expect(paths).to.include('machines/supervision/keeper.machine.ts');
    expect(paths).to.deep.equal(paths.toSorted());
  });
});

describe('importsOf', () => {
  it('names the files that are imported, re-exported, loaded late or imported for their types', () => {
    const text = [
      "import { a } from './a.js';",
      "import type { B } from '../b/b.js';",
      "export { c } from './room/c.js';",
      "const d = await import('../../d.js');",
      "let e: import('./e.js').E;"
    ].join('\n');
    expect(importsOf({ path: 'top/folder/file.ts', text })).to.have.members([
      'top/folder/a.ts',
      'top/b/b.ts',
      'top/folder/room/c.ts',
      'd.ts',
      'top/folder/e.ts'
    ]);
  });

  it('leaves out packages, and paths that are only mentioned', () => {
    const text = "import 'node:fs';\nimport 'xstate';\n// import './a.js'\nconst b = './b.js';";
    expect(importsOf({ path: 'top/file.ts', text })).to.deep.equal([]);
  });

  it('names the style sheets that a style sheet imports', () => {
    const text = "@import '../shared/theme.css';\n.a { background: url('x.svg'); }";
    expect(importsOf({ path: 'pages/chat/chat.css', text })).to.deep.equal([
      'pages/shared/theme.css'
    ]);
  });
});
