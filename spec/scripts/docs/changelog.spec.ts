import { readFileSync } from 'node:fs';
import { expect } from 'chai';

const lines = readFileSync(new URL('../../../CHANGELOG.md', import.meta.url), 'utf8').split('\n');

describe('CHANGELOG.md', () => {
  it('has no line twice', () => {
    // A merge that keeps both sides of a conflict leaves entries twice.
    const words = lines.filter((line) => line.startsWith('-') || line.startsWith('  '));
    expect(words.filter((line, index) => words.indexOf(line) !== index)).to.deep.equal([]);
  });
});
