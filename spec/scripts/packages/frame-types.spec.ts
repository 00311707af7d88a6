import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { format, resolveConfig } from 'prettier';
import { FRAME_TYPES } from '../../../scripts/packages/client-package.mjs';
import { frameTypes } from '../../../scripts/packages/frame-types.js';

const ROOT = join(import.meta.dirname, '../../..');

describe('frameTypes', () => {
  it('finds the file of rollcall-client as the schemas say: npx tsx scripts/generated-docs.ts writes it', async () => {
    const path = join(ROOT, FRAME_TYPES);
    const text = await format(frameTypes(ROOT), { ...(await resolveConfig(path)), filepath: path });
    expect(readFileSync(path, 'utf8')).to.equal(text);
    expect(text).to.include("type: 'disconnect'").and.not.include('typebox');
  });
});
