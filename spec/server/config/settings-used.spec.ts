import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { SETTINGS } from '../../../server/config/settings.js';
import { sourceFiles } from '../../../scripts/folders/source-files.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** Files of the server and the commands, without the table of settings and the files that only copy it. */
const READERS = sourceFiles(ROOT, ['cli', 'server']).filter(
  ({ path }) =>
    !path.startsWith('server/config/') ||
    path.endsWith('/impossible-combinations.ts') ||
    path.endsWith('/open-doors.ts')
);

describe('SETTINGS and their readers', () => {
  for (const [key, setting] of Object.entries(SETTINGS)) {
    if (setting.allowed.startsWith('nothing yet')) {
      it(`refuses ${setting.name}, which nothing reads`, () => {
        expect(setting.doc).to.include('refused when set');
        expect(setting.parse('http://127.0.0.1:4318').ok).to.equal(false);
      });
      continue;
    }
    it(`has somebody who reads ${setting.name}`, () => {
      const word = new RegExp(`\\b${key}\\b`);
      expect(READERS.filter(({ text }) => word.test(text))).to.not.have.lengthOf(0);
    });
  }
});
