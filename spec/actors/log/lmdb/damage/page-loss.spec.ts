import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { appendMany, LogFixture } from '../log-fixture.js';

const MESSAGES = 200;

describe('a log with a page that is damaged while it runs', () => {
  const fixture = new LogFixture();
  afterEach(() => fixture.clear());

  it('does not end the process: the messages on the page are refused, and all others read and taken', async () => {
    const dir = fixture.dir();
    const log = await fixture.open({ dir });
    for (const thread of ['t1', 't2']) await appendMany(log, thread, MESSAGES);
    await log.close();
    // In a process of its own, since an assertion of the storage engine would end this one.
    const child = fileURLToPath(new URL('./page-loss.child.ts', import.meta.url));
    const said = await new Promise<string>((resolve) => {
      execFile(process.execPath, ['--import', 'tsx', child, dir], (error, stdout, stderr) => {
        resolve(error === null ? stdout : `${String(error.signal)} ${stderr}`);
      });
    });
    const pages = said.trimEnd().split('\n');
    expect(pages, said).to.have.length(3);
    for (const line of pages) {
      const { read, refused, ok } = JSON.parse(line) as Record<string, number | boolean>;
      expect(ok).to.equal(true);
      expect(refused).to.be.greaterThan(0);
      expect(Number(read) + Number(refused)).to.equal(MESSAGES);
    }
  });
});
