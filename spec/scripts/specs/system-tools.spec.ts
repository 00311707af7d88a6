import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { missingTools, TOOLS } from '../../../scripts/specs/system-tools.mjs';

describe('missingTools', () => {
  const tool = { name: 'Tool', commands: ['tool', 'tool-ng'], package: 'tool', why: 'a spec' };
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'rollcall-tools-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('names the tool when none of its commands is in PATH', () => {
    expect(missingTools([tool], folder)).to.deep.equal([tool]);
  });

  it('names nothing when one of its commands is in PATH', () => {
    writeFileSync(join(folder, 'tool-ng'), '', { mode: 0o755 });
    expect(missingTools([tool], `/nowhere:${folder}`)).to.deep.equal([]);
  });

  it('names the tool when its command cannot be run', () => {
    writeFileSync(join(folder, 'tool'), '', { mode: 0o644 });
    expect(missingTools([tool], folder)).to.deep.equal([tool]);
  });
});

describe('TOOLS', () => {
  it('says for every tool who needs it', () => {
    for (const { why } of TOOLS) expect(why).to.match(/\w+ \w+/);
  });
});
