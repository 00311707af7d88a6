import { expect } from 'chai';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { freePort } from '../../../scripts/kill-proof/free-port.js';
import { launchBrowser } from '../../client/pages/browser.js';
import { PRODUCTION, tokenOf } from '../access/doors.js';
import {
  startServer,
  temporaryDir,
  type ServerProcess,
  type StartOptions
} from '../servers/server-process.js';
import { AGENTS_MODULE } from './agents.js';
import { pagesOf, type Pages } from './page-server.js';

const ENDS = ['agent_completed', 'agent_failed', 'agent_cancelled'];

describe('the clients of others in a browser', function () {
  this.timeout(120_000);
  let browser: Browser;
  let context: BrowserContext;
  let server: ServerProcess;
  let folder: string;
  let options: StartOptions;
  let pages: Pages;
  let token: string;
  let ids = 0;
  const problems: string[] = [];

  const status = (page: Page, text: string): Promise<void> =>
    page.getByRole('status').getByText(text, { exact: true }).waitFor();
  const lines = (page: Page, role = 'assistant'): Promise<string[]> =>
    page.locator(`ol li.${role}`).allTextContents();
  const answer = (page: Page, text: string): Locator =>
    page.locator('ol li.assistant').last().getByText(text, { exact: true });
  const press = (page: Page, name: string): Promise<void> =>
    page.getByRole('button', { name, exact: true }).first().click();

  async function say(page: Page, text: string): Promise<void> {
    await page.getByLabel('Message').fill(text);
    await page.getByLabel('Message').press('Enter');
  }

  async function open(kind: string, thread: string, agent: string): Promise<Page> {
    const page = await context.newPage();
    page.on('pageerror', ({ message }) => problems.push(message));
    const place = `${kind}/${thread}/${agent}/${token}`;
    await page.goto(`${pages.url}/?server=${encodeURIComponent(server.url)}#${place}`);
    await page.getByRole('status').waitFor();
    return page;
  }

  /** Gives a message to the run at work in a thread. */
  async function steer(thread: string): Promise<void> {
    const { status } = await fetch(`${server.url}/api/threads/${thread}/messages`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify({
        mid: `go-${String(++ids)}`,
        body: { text: 'go' },
        whileRunning: 'steer',
        expect: 'stored'
      })
    });
    expect(status).to.equal(201);
  }

  /** Returns the ends of the runs of a thread, as the log has them: exactly one each. */
  async function ends(thread: string): Promise<[kind: string, text: string][]> {
    const response = await fetch(`${server.url}/api/threads/${thread}/messages`, {
      headers: { authorization: `Bearer ${token}` }
    });
    const { messages } = (await response.json()) as {
      messages: { kind: string; body: { run: string; text: string } }[];
    };
    const ended = messages.filter(({ kind }) => ENDS.includes(kind));
    const runs = messages.filter(({ kind }) => kind === 'agent_started');
    expect(ended.map(({ body }) => body.run)).to.have.members(runs.map(({ body }) => body.run));
    return ended.map(({ kind, body }) => [kind, body.text]);
  }

  async function kill(): Promise<void> {
    await server.stop('SIGKILL');
    server = await startServer(options);
  }

  before(async function () {
    browser = await launchBrowser(this);
    pages = await pagesOf('door-pages.ts');
    folder = await temporaryDir();
    await writeFile(join(folder, 'agents.mjs'), AGENTS_MODULE);
    token = await tokenOf('ada');
    options = {
      dataDir: join(folder, 'data'),
      env: {
        ...PRODUCTION,
        PORT: String(await freePort()),
        AGENTS: join(folder, 'agents.mjs'),
        ALLOWED_ORIGINS: pages.url
      }
    };
    server = await startServer(options);
    context = await browser.newContext();
  });

  afterEach(async () => {
    for (const page of context.pages()) await page.close();
    expect(problems.splice(0)).to.deep.equal([]);
  });

  after(async () => {
    await (browser as Browser | undefined)?.close();
    (pages as Pages | undefined)?.stop();
    await (server as ServerProcess | undefined)?.stop();
    if ((folder as string | undefined) !== undefined) {
      await rm(folder, { recursive: true, force: true });
    }
  });

  for (const kind of ['http', 'ws']) {
    describe(`useChat over ${kind === 'ws' ? 'WebSocketChatTransport' : 'DefaultChatTransport'}`, () => {
      const fresh = (name: string): string => `${kind}-${name}`;

      it('goes on with the same text after a reload in the middle, and in another tab', async () => {
        const thread = fresh('reload');
        const page = await open(kind, thread, 'halves');
        await say(page, 'please');
        await answer(page, 'one ').waitFor();
        await page.reload();
        await answer(page, 'one ').waitFor();
        await status(page, 'streaming');
        const other = await open(kind, thread, 'halves');
        await answer(other, 'one ').waitFor();
        await steer(thread);
        for (const each of [page, other]) {
          await status(each, 'ready');
          expect(await lines(each)).to.deep.equal(['one two']);
        }
        expect(await lines(page, 'user')).to.deep.equal(['please']);
        expect(await ends(thread)).to.deep.equal([['agent_completed', 'one two']]);
        await page.reload();
        await answer(page, 'one two').waitFor();
        await status(page, 'ready');
      });

      it('is stopped from another tab', async () => {
        const thread = fresh('stop');
        const page = await open(kind, thread, 'halves');
        await say(page, 'please');
        await answer(page, 'one ').waitFor();
        const other = await open(kind, thread, 'halves');
        await answer(other, 'one ').waitFor();
        await status(other, 'streaming');
        await press(other, kind === 'ws' ? 'stop' : 'cancel');
        for (const each of [page, other]) {
          await status(each, 'ready');
          expect(await lines(each)).to.deep.equal(['one ']);
        }
        expect(await ends(thread)).to.deep.equal([['agent_cancelled', 'one ']]);
      });

      it('reads on when it resumes once more', async () => {
        const thread = fresh('twice');
        const page = await open(kind, thread, 'halves');
        await say(page, 'please');
        await answer(page, 'one ').waitFor();
        if (kind === 'http') {
          await press(page, 'stop');
          await status(page, 'ready');
        } else {
          await page.reload();
          await answer(page, 'one ').waitFor();
        }
        await press(page, 'resume');
        await press(page, 'resume');
        await status(page, 'streaming');
        await steer(thread);
        await answer(page, 'one two').waitFor();
        await status(page, 'ready');
        expect(await ends(thread)).to.deep.equal([['agent_completed', 'one two']]);
      });

      it('answers anew each time', async () => {
        const thread = fresh('again');
        const page = await open(kind, thread, 'says');
        await say(page, 'hello');
        await answer(page, 'you said hello').waitFor();
        await status(page, 'ready');
        for (const count of [2, 3]) {
          await press(page, 'again');
          await status(page, 'ready');
          expect(await lines(page)).to.deep.equal(['you said hello']);
          expect(await ends(thread)).to.have.length(count);
        }
      });

      it('keeps what it has when the server is killed, and goes on', async () => {
        const thread = fresh('kill');
        const page = await open(kind, thread, 'halves');
        await say(page, 'please');
        await answer(page, 'one ').waitFor();
        await kill();
        await status(page, 'error');
        expect(await lines(page)).to.deep.equal(['one ']);
        await press(page, 'resume');
        await status(page, 'ready');
        expect(await lines(page)).to.deep.equal(['one ']);
        await say(page, 'again');
        await page.locator('ol li.assistant').nth(1).getByText('one ').waitFor();
        await steer(thread);
        await answer(page, 'one two').waitFor();
        await status(page, 'ready');
        const [first, second] = await ends(thread);
        expect(first?.[0]).to.equal('agent_failed');
        expect(second).to.deep.equal(['agent_completed', 'one two']);
        await page.reload();
        await answer(page, 'one two').waitFor();
        expect(await lines(page)).to.deep.equal([first?.[1], 'one two']);
      });

      it('asks, is killed and reloaded, and goes on with what is approved', async () => {
        const thread = fresh('ask');
        const page = await open(kind, thread, 'asks');
        await say(page, 'do it');
        const approve = page.getByRole('button', { name: 'approve' });
        await approve.waitFor();
        await status(page, 'ready');
        await kill();
        await page.reload();
        await approve.waitFor();
        await status(page, 'ready');
        expect((await page.locator('ol li.assistant span').allTextContents())[0]).to.equal(
          'shall I? '
        );
        await press(page, 'approve');
        await answer(page, 'shall I? yes').waitFor();
        await status(page, 'ready');
        expect(await ends(thread)).to.deep.equal([['agent_completed', 'shall I? yes']]);
      });
    });
  }

  describe('HttpAgent of AG-UI', () => {
    it('sends, and has all in a snapshot after a reload in the middle', async () => {
      const page = await open('agui', 'agui-1', 'halves');
      await say(page, 'please');
      await answer(page, 'one ').waitFor();
      await page.reload();
      await press(page, 'connect');
      await answer(page, 'one ').waitFor();
      expect(await lines(page, 'user')).to.deep.equal(['please']);
      await steer('agui-1');
      await status(page, 'ready');
      expect((await lines(page)).join('')).to.equal('one two');
      expect(await ends('agui-1')).to.deep.equal([['agent_completed', 'one two']]);
      await page.reload();
      await press(page, 'connect');
      await answer(page, 'one two').waitFor();
      await status(page, 'ready');
    });

    it('is told what became of the run when the server was killed', async () => {
      const page = await open('agui', 'agui-2', 'halves');
      await say(page, 'please');
      await answer(page, 'one ').waitFor();
      await kill();
      await page.getByText('network error').waitFor();
      await status(page, 'ready');
      expect(await lines(page)).to.deep.equal(['one ']);
      await press(page, 'connect');
      await page.getByText('network error').waitFor({ state: 'detached' });
      await status(page, 'ready');
      const [end] = await ends('agui-2');
      expect(end?.[0]).to.equal('agent_failed');
      expect(await lines(page, 'user')).to.deep.equal(['please']);
      expect((await lines(page)).join('')).to.equal(end?.[1]);
      // The client throws it a second time, where nobody can catch it.
      expect(problems.splice(0).filter((problem) => problem !== 'network error')).to.eql([]);
    });
  });
});
