import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { OPERATOR_ERRORS } from '../../../actors/operator-errors.js';
import { errorsPage } from '../../../scripts/docs/errors-page.js';
import { CLOSES, ERRORS } from '../../../protocol/errors.js';

describe('errorsPage', () => {
  it('is docs/errors.md as it stands', () => {
    const page = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');
    expect(page, 'run npx tsx scripts/generated-docs.ts').to.equal(errorsPage());
  });

  it('names every code of all tables', () => {
    const page = errorsPage();
    for (const code of Object.keys(ERRORS)) expect(page).to.include(`\`${code}\``);
    for (const code of Object.keys(OPERATOR_ERRORS)) expect(page).to.include(`\`${code}\``);
    for (const code of Object.keys(CLOSES)) expect(page).to.include(`**${code}**`);
  });
});
