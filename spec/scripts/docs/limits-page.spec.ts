import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { limitsPage } from '../../../scripts/docs/limits-page.js';
import { isAgentKind } from '../../../protocol/agent-kinds.js';
import { CLOSES, ERRORS } from '../../../protocol/errors.js';
import { SETTINGS } from '../../../server/config/settings.js';
import { LIMITS } from '../../../server/limits/limit-table.js';

describe('limitsPage', () => {
  it('is docs/limits.md as it stands', () => {
    const page = readFileSync(new URL('../../../docs/limits.md', import.meta.url), 'utf8');
    expect(page, 'run npx tsx scripts/generated-docs.ts').to.equal(limitsPage());
  });

  it('has every setting that is a limit', () => {
    const page = limitsPage();
    const names = Object.values(SETTINGS).map(({ name }) => name);
    const limits = names.filter(
      (name) =>
        name.startsWith('LIMIT_') ||
        ['MEMORY_LIMIT_MB', 'AGENT_QUEUE', 'AGENT_ANSWER_CHARS'].includes(name) ||
        name.startsWith('AGENT_RUN')
    );
    expect(limits.length).to.be.at.least(7);
    for (const name of limits) expect(page).to.include(`\`${name}\``);
  });

  for (const { name, setting, value, fixed, refusal } of LIMITS) {
    it(`says of ${name} its bound, why it has no setting, and codes that there are`, () => {
      expect(setting !== null || value !== undefined).to.equal(true);
      expect(fixed === undefined).to.equal(setting !== null);
      const codes = [...refusal.matchAll(/`([a-z_]+)`|close (\d+)/g)];
      const known = codes.map(
        ([, error = '', close = '']) => error in ERRORS || close in CLOSES || isAgentKind(error)
      );
      expect(known).to.include(true);
    });
  }

  it('has no name twice', () => {
    expect(new Set(LIMITS.map(({ name }) => name)).size).to.equal(LIMITS.length);
  });
});
