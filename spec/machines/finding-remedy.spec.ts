import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { FINDING_KINDS } from '../../machines/finding.js';
import { FINDING_REMEDIES, remedyAnchor } from '../../machines/finding-remedy.js';

describe('FINDING_REMEDIES', () => {
  const page = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
  for (const kind of FINDING_KINDS) {
    it(`stand in docs/operations.md behind an anchor of their own: ${kind}`, () => {
      const row = page
        .split('\n')
        .find((line) => line.includes(`<a id="${remedyAnchor(kind)}"></a>`));
      expect(row).to.include(`\`${kind}\``);
      expect(row).to.include(`| ${FINDING_REMEDIES[kind]} `);
    });
  }
});
