import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { OPERATOR_ERRORS } from '../../actors/operator-errors.js';
import { faultsMessage, loadConfig } from '../../server/config/config.js';
import { sourceFiles } from '../../scripts/folders/source-files.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const USERS = sourceFiles(ROOT, ['actors', 'server', 'cli']).filter(
  ({ path }) => path !== 'actors/operator-errors.ts'
);

describe('OPERATOR_ERRORS', () => {
  for (const code of Object.keys(OPERATOR_ERRORS)) {
    it(`has somebody who says ${code}`, () => {
      const word = new RegExp(`\\b${code}\\b`);
      expect(USERS.filter(({ text }) => word.test(text))).to.not.have.lengthOf(0);
    });
  }

  it('has the words of every refusal of a configuration', () => {
    const loaded = loadConfig({
      env: {
        ENVIRONMENT: 'staging',
        AUTH_JWT_SECRET: 'x'.repeat(32),
        PORT: 'eighty',
        TESTING: '1',
        ROLLCALL_X: '1'
      },
      envFileText: 'no setting'
    });
    const said = loaded.ok ? '' : faultsMessage(loaded.faults);
    for (const [code, { message }] of Object.entries(OPERATOR_ERRORS)) {
      if (code.startsWith('config_')) expect(said, code).to.include(message);
    }
  });
});
