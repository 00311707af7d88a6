import { expect } from 'chai';
import { build } from 'esbuild';
import { join } from 'node:path';
import type { Browser, Locator, Page } from 'playwright-core';
import { launchBrowser } from '../pages/browser.js';
import { startFakeServer, type FakeServer } from '../pages/fake-server.js';

/** Bundles the page with the development build of React, where effects run twice. */
async function bundle(url: string): Promise<string> {
  const page = JSON.stringify(join(import.meta.dirname, 'react-page.ts'));
  const { outputFiles } = await build({
    stdin: {
      contents: `import { show } from ${page}; show(document.body, ${JSON.stringify(url)});`,
      resolveDir: import.meta.dirname
    },
    bundle: true,
    format: 'iife',
    platform: 'browser',
    define: { 'process.env.NODE_ENV': '"development"' },
    logLevel: 'silent',
    write: false
  });
  return outputFiles[0]?.text ?? '';
}

describe('the hooks for React', function () {
  this.timeout(60_000);
  let browser: Browser;
  let server: FakeServer;
  let page: Page;
  const problems: string[] = [];

  const room = (name: string): Locator => page.getByRole('region', { name });
  const lines = (name: string): Promise<string[]> => room(name).locator('ol li').allTextContents();
  const count = (type: string): number =>
    server.rollcall.received.filter((frame) => frame.type === type).length;

  before(async function () {
    browser = await launchBrowser(this);
    server = await startFakeServer();
    const { members } = server.rollcall.thread('t1');
    server.rollcall.thread('t1').owner = 'ada';
    members.set('max', 'member');
    server.rollcall.reconnect = { firstJitterMs: 0, minMs: 1, maxMs: 10 };
    for (let n = 1; n <= 5; n += 1) server.rollcall.say('t1', 'bob', `old ${String(n)}`);
    page = await browser.newPage();
    page.on('pageerror', ({ message }) => problems.push(message));
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text());
    });
    await page.addScriptTag({ content: await bundle(server.url) });
    await room('left').getByText('old 5').waitFor();
  });

  after(async () => {
    await (browser as Browser | undefined)?.close();
    await (server as FakeServer | undefined)?.stop();
  });

  it('joins once for all components, in strict mode too, and starts with a page of history', async () => {
    expect(count('subscribe')).to.equal(1);
    expect(count('history')).to.equal(1);
    for (const name of ['left', 'right']) {
      expect(await lines(name)).to.eql(['old 3', 'old 4', 'old 5']);
      expect(await room(name).getByRole('status').textContent()).to.equal('connected');
      expect(await room(name).locator('.present').textContent()).to.equal('ada');
    }
  });

  it('loads older messages when asked', async () => {
    await room('left').getByRole('button', { name: 'older' }).click();
    await room('right').getByText('old 1').waitFor();
    expect(await lines('left')).to.eql(['old 1', 'old 2', 'old 3', 'old 4', 'old 5']);
    expect(await room('left').getByRole('button', { name: 'older' }).count()).to.equal(0);
  });

  it('shows what is sent at once, and once when it has come', async () => {
    let answer: () => void = () => undefined;
    server.rollcall.intercept = (frame, connection) => {
      if (frame.type !== 'publish') return false;
      answer = () => {
        server.rollcall.intercept = () => false;
        server.rollcall.take(connection, JSON.stringify(frame));
      };
      return true;
    };
    await room('left').getByRole('button', { name: 'send' }).click();
    await room('right').getByText('from left pending').waitFor();
    answer();
    await room('right').getByText('from left', { exact: true }).waitFor();
    await room('right').getByText('from left pending').waitFor({ state: 'detached' });
    expect((await lines('right')).at(-1)).to.equal('from left');
    expect(await lines('left')).to.eql(await lines('right'));
  });

  it('says that the connection is lost, and has everything once when it is back', async () => {
    server.rollcall.closeAll(1006, '');
    server.rollcall.say('t1', 'bob', 'while away');
    await room('left').getByText('while away').waitFor();
    const all = await lines('left');
    expect(all).to.have.length(7);
    expect(new Set(all).size).to.equal(7);
  });

  it('shows the members, and those that are added', async () => {
    const people = room('people');
    await people.getByText('max member').waitFor();
    expect(await people.locator('.owner').textContent()).to.equal('ada');
    await people.getByRole('button', { name: 'add' }).click();
    await people.getByText('eve reader').waitFor();
    server.rollcall.setMember('t1', 'max', null, 'olga');
    await people.getByText('max member').waitFor({ state: 'detached' });
  });

  it('shows that the thread may no longer be read, and asks again when told to', async () => {
    const people = room('people');
    server.rollcall.forbid('t1');
    await people.getByText('forbidden').waitFor();
    server.rollcall.forbidden.clear();
    await people.getByRole('button', { name: 'again' }).click();
    await people.getByText('forbidden').waitFor({ state: 'detached' });
    server.rollcall.say('t1', 'bob', 'after all');
    await room('left').getByText('after all').waitFor();
    await people.getByText('eve reader').waitFor();
  });

  it('shows runs, and renders for nothing but a change of what it shows', async () => {
    const renders = (name: string): Promise<string | null> =>
      room(name).getAttribute('data-renders');
    const event = (run: string, kind: string, body: object): void => {
      const from = { user: 'agent:echo' };
      const base = { type: 'message', thread: 't1', offset: 0, from, at: 1 } as const;
      server.rollcall.play([{ ...base, mid: `${run} ${kind}`, kind, body: { run, ...body } }]);
    };
    const status = (mid: string): Locator => room(`run of ${mid}`).getByRole('status');
    const answer = async (mid: string, button: string): Promise<string | null> => {
      await room(`run of ${mid}`).getByRole('button', { name: button }).click();
      const said = room(`run of ${mid}`).locator('.said');
      await said.filter({ hasText: button }).waitFor();
      return await said.textContent();
    };
    expect(await status('q1').textContent()).to.equal('none');
    expect(await answer('q1', 'answer')).to.equal('answer not_found');
    expect(await answer('q1', 'withdraw')).to.equal('withdraw not_found');
    event('r1', 'agent_started', { inReplyTo: 'q1' });
    await status('q1').getByText('streaming').waitFor();
    const [before, other] = [await renders('runs'), await renders('run of q2')];
    server.rollcall.say('t1', 'bob', 'not for the runs');
    await room('left').getByText('not for the runs').waitFor();
    expect(await renders('runs')).to.equal(before);
    server.rollcall.play([{ type: 'chunk', thread: 't1', run: 'r1', at: 0, text: 'so far' }]);
    await status('q1').getByText('streaming so far').waitFor();
    await room('runs').getByText('r1 streaming so far').waitFor();
    expect(await renders('run of q2')).to.equal(other);
    const asked: unknown[] = [];
    server.rollcall.intercept = (frame, connection) => {
      if (frame.type !== 'answer') return false;
      const { id, run, ask, value } = frame;
      asked.push([run, ask, value]);
      connection.send({ type: 'answered', ...(id === undefined ? {} : { id }), run, ask });
      return true;
    };
    event('r1', 'agent_waiting', { ask: 'a1', prompt: 'Sure?', schema: null, expiresAt: 1 });
    await status('q1').getByText('waiting so far').waitFor();
    expect(await answer('q1', 'answer')).to.equal('answer ok');
    expect(asked).to.eql([['r1', 'a1', 'yes']]);
    // The fake server knows runs by their ids only.
    expect(await answer('q1', 'cancel')).to.equal('cancel not_found');
    expect(server.rollcall.receivedOf('cancel').at(-1)).to.include({ thread: 't1', mid: 'q1' });
    event('r1', 'agent_completed', { text: 'so far and on' });
    await status('q1').getByText('completed so far and on').waitFor();
    event('r2', 'agent_started', { inReplyTo: 'q2' });
    await room('runs').getByText('r2 streaming').waitFor();
    expect(await room('runs').locator('p').allTextContents()).to.eql([
      'r1 completed so far and on',
      'r2 streaming '
    ]);
  });

  it('leaves the thread when the last component that uses it is gone', async () => {
    const close = page.getByRole('button', { name: 'close one' });
    await close.click();
    await room('left').waitFor({ state: 'detached' });
    server.rollcall.say('t1', 'bob', 'still here');
    await room('right').getByText('still here').waitFor();
    expect(count('unsubscribe')).to.equal(0);
    const left = new Promise<unknown>((resolve) => {
      server.rollcall.intercept = (frame) => {
        if (frame.type === 'unsubscribe') resolve(frame);
        return false;
      };
    });
    await close.click();
    expect(await left).to.deep.include({ thread: 't1' });
    expect(await room('right').count()).to.equal(0);
  });

  it('makes React complain of nothing', () => {
    expect(problems).to.eql([]);
  });
});
