import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import {
  bundledPackages,
  lockedPackages,
  runtimeLicences,
  thirdPartyText
} from '../../../scripts/packages/third-party.js';

const ROOT = join(import.meta.dirname, '../../..');
const packages = lockedPackages(ROOT);

describe('runtimeLicences', () => {
  it('lists what is installed to run, with licences, each version once, and no tools', () => {
    const lines = runtimeLicences({
      '': { version: '1.0.0' },
      'node_modules/ws': { version: '8.0.0', license: 'MIT' },
      'node_modules/a/node_modules/ws': { version: '8.0.0', license: 'MIT' },
      'node_modules/@chdb/lib': { version: '3.0.0', license: 'Apache-2.0', optional: true },
      'node_modules/mocha': { version: '12.0.0', license: 'MIT', dev: true },
      'node_modules/rollcall-client': { link: true }
    });
    expect(lines).to.eql(['@chdb/lib 3.0.0: Apache-2.0, optional', 'ws 8.0.0: MIT']);
  });

  it('names the licence of uWebSockets.js, which its package says nothing about', () => {
    expect(runtimeLicences(packages).join('\n')).to.match(
      /^uws-pack .*: MIT\n {4}contains uWebSockets\.js .*Apache-2\.0/m
    );
  });

  it('refuses a package without a licence', () => {
    const nameless = { 'node_modules/odd': { version: '1.0.0' } };
    expect(() => runtimeLicences(nameless)).to.throw('node_modules/odd has no version or licence');
  });
});

describe('THIRD-PARTY', () => {
  it('has the licence of what is part of the pages', async () => {
    expect(await bundledPackages(ROOT)).to.eql(['xstate']);
  });

  it('is what the lock file says: npx tsx scripts/generated-docs.ts writes it', async () => {
    const text = readFileSync(join(ROOT, 'THIRD-PARTY'), 'utf8');
    expect(text).to.equal(await thirdPartyText(ROOT, packages));
  });

  it('is in the packed files', () => {
    const { files } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      files: readonly string[];
    };
    expect(files).to.include('THIRD-PARTY');
  });
});
