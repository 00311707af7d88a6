import { execFileSync } from 'node:child_process';
import { expect } from 'chai';
import { collectorFlags } from '../../cli/run-server.js';

describe('collectorFlags', () => {
  it('keeps the helpers of the collector away from the only processor, and lets them have others', () => {
    expect(collectorFlags(2)).to.deep.equal([]);
    const flags = collectorFlags(1);
    expect(flags).to.have.length(2);
    // An unknown flag would be an error line at every start.
    const known = execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8' });
    for (const flag of flags) expect(known).to.include(`--${flag.slice('--no-'.length)} (`);
  });
});
