import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { FINDING_KINDS } from '../../../machines/finding.js';
import { FINDING_REMEDIES, remedyAnchor } from '../../../machines/finding-remedy.js';
import { INCIDENT_LINES } from '../../../machines/incident-lines.js';
import { RUNBOOK } from '../../../machines/finding-runbook.js';
import { runbookPage } from '../../../scripts/docs/runbook-page.js';

describe('runbookPage', () => {
  it('is docs/runbook.md as it stands', () => {
    const page = readFileSync(new URL('../../../docs/runbook.md', import.meta.url), 'utf8');
    expect(page, 'run npx tsx scripts/generated-docs.ts').to.equal(runbookPage());
  });

  for (const kind of FINDING_KINDS) {
    it(`has an anchor for ${kind}, and says what it means, where to look and what to do`, () => {
      const [, after = ''] = runbookPage().split(`<a id="${remedyAnchor(kind)}"></a>`);
      const [entry = ''] = after.split('## ');
      expect(entry).to.include(RUNBOOK[kind].means);
      expect(RUNBOOK[kind].look).to.not.have.length(0);
      for (const place of RUNBOOK[kind].look) expect(entry).to.include(`- ${place}`);
      expect(entry).to.include(FINDING_REMEDIES[kind].slice(1));
    });
  }

  for (const { id, means, look, remedy } of INCIDENT_LINES) {
    it(`has an anchor for ${id}, and says what it means, where to look and what to do`, () => {
      const [, after = '', again] = runbookPage().split(`<a id="${id}"></a>`);
      expect(again).to.equal(undefined);
      const [entry = ''] = after.split('## ');
      expect(entry).to.include(means);
      expect(look).to.not.have.length(0);
      for (const place of look) expect(entry).to.include(`- ${place}`);
      expect(entry).to.include(remedy.slice(1));
    });
  }
});
