import { expect } from 'chai';
import { FILES_MAX, LINES_MAX, tooFull, tooLong } from '../../../scripts/folders/folder-sizes.js';
import { PRODUCT, SCRIPTS, SPECS } from './project-files.js';

/** Files that are still too long. This list must be exact: take out what is split, and put in nothing without a reason. */
const LONG_FILES: readonly string[] = [];

/** Folders that are still too full. This list must be exact, too. */
const FULL_FOLDERS: readonly string[] = [];

describe('tooLong', () => {
  it('names files above the most lines', () => {
    const files = [
      { path: 'long.ts', text: 'x\n'.repeat(LINES_MAX + 1) },
      { path: 'full.ts', text: 'x\n'.repeat(LINES_MAX) }
    ];
    expect(tooLong(files)).to.deep.equal(['long.ts']);
  });

  // Specs have no limit: each mirrors one file and is read case by case.
  it('finds no file of the project but those that are known, specs aside', () => {
    expect(tooLong([...PRODUCT, ...SCRIPTS]), 'LONG_FILES of this spec').to.have.members(
      LONG_FILES
    );
  });
});

describe('tooFull', () => {
  it('names folders with more files than one may have, without those in their rooms', () => {
    const file = (folder: string, n: number) => ({ path: `${folder}/${String(n)}.ts`, text: '' });
    const files = Array.from({ length: FILES_MAX }, (_, n) => file('a', n));
    expect(tooFull([...files, file('a/room', 0)])).to.deep.equal([]);
    expect(tooFull([...files, file('a', FILES_MAX)])).to.deep.equal(['a']);
  });

  it('finds no folder of the project but those that are known', () => {
    const folders = tooFull([...PRODUCT, ...SCRIPTS, ...SPECS]);
    expect(folders, 'FULL_FOLDERS of this spec').to.have.members(FULL_FOLDERS);
  });
});
