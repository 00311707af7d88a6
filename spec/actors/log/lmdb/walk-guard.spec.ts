import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { openStore } from '../../../../actors/log/lmdb/log-store.js';
import { LogFixture } from './log-fixture.js';

describe('a walk over rows', () => {
  const fixture = new LogFixture();
  afterEach(() => fixture.clear());

  it('is refused and does not end the process, whichever page is damaged meanwhile', async () => {
    // In a process of its own, since an assertion of the storage engine would end this one.
    const child = fileURLToPath(new URL('./damage/walk-loss.child.ts', import.meta.url));
    const said = await new Promise<string>((resolve) => {
      execFile(
        process.execPath,
        ['--import', 'tsx', child, fixture.dir()],
        (error, stdout, stderr) => {
          resolve(error === null ? stdout : `${String(error.signal)} ${stderr}`);
        }
      );
    });
    expect(said).to.match(/^\{/);
    const { pages, whole, refused, wrong, after } = JSON.parse(said) as Record<string, number>;
    expect(pages).to.be.greaterThan(5);
    expect(refused).to.be.greaterThan(100);
    expect(whole).to.be.greaterThan(100);
    expect([wrong, after]).to.eql([0, true]);
  });

  it('is not refused while rows are written', async () => {
    const store = openStore({ dir: fixture.dir(), use: 'process' });
    const rows = 500;
    const key = (n: number): [string, string, number] => ['l', 'ada', n];
    await store.commit(Array.from({ length: rows }, (_, n) => ({ key: key(n), value: '1' })));
    let isWriting = true;
    const writing = (async () => {
      for (let n = 0; n < 60; n += 1) {
        const at = (n * 37) % rows;
        await store.commit([
          { key: key(at), value: null },
          { key: key(at + rows), value: 'x'.repeat(300) }
        ]);
        await store.commit([
          { key: key(at), value: '1' },
          { key: key(at + rows), value: null }
        ]);
      }
      isWriting = false;
    })();
    const range = { from: ['l', 'ada'] as [string, string], to: ['l', 'bob'] as [string, string] };
    let walks = 0;
    while (isWriting) {
      for (const reverse of [false, true]) {
        expect([...store.keys({ ...range, reverse })]).to.have.length(rows);
      }
      walks += 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
    await writing;
    expect(walks).to.be.greaterThan(5);
    await store.close();
  });
});
