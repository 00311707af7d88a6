import { expect } from 'chai';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { freePort } from '../../../scripts/kill-proof/free-port.js';
import { launchBrowser } from '../../client/pages/browser.js';
import {
  startServer,
  temporaryDir,
  type ServerProcess,
  type StartOptions
} from '../servers/server-process.js';
import { until } from '../servers/until.js';
import { pagesOf, type Pages } from './page-server.js';

/** Words before which the agent `says` waits, of a long message. */
const BEFORE = 60;

/** A long message: its first words are more than what an answer gets before they are stored. */
const LONG = Array.from({ length: 2 * BEFORE }, (_, n) => `word${String(n)}${'.'.repeat(70)}`).join(
  ' '
);

/** An agent that says back what it hears, word by word; of a long message the second half only when a file is there. */
const says = (go: string): string => `
import { existsSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
export default {
  name: 'says',
  async *run({ message, signal }) {
    for (const [at, word] of message.body.text.match(/\\s*\\S+/g).entries()) {
      if (at === ${String(BEFORE)}) {
        yield { type: 'toolCall', call: 'c1', tool: 'wait', args: {} };
        while (!existsSync(${JSON.stringify(go)})) await pause(10, undefined, { signal });
        yield { type: 'toolResult', call: 'c1', ok: true, result: null };
      }
      yield word;
    }
  }
};
`;

/** An agent that asks, and tells what it costs. */
const ORDER = `export default {
  name: 'order',
  description: 'asks how many',
  async *run() {
    yield 'Let us see. ';
    const answer = yield { type: 'ask', prompt: 'How many?', schema: { type: 'integer' } };
    yield answer.isAnswered ? 'You get ' + answer.value + '.' : 'Then not.';
    yield { type: 'usage', input: 5, output: 7 };
  }
};
`;

describe('the AI SDK in a browser', function () {
  this.timeout(120_000);
  let browser: Browser;
  let context: BrowserContext;
  let server: ServerProcess;
  let dataDir: string;
  let options: StartOptions;
  let pages: Pages;
  let go: string;
  const problems: string[] = [];

  const lines = (page: Page, role: string): Promise<string[]> =>
    page.locator(`ol li.${role}`).allTextContents();
  const status = (page: Page, text: string): Promise<void> =>
    page.getByRole('status').getByText(text, { exact: true }).waitFor();
  const answer = (page: Page): Locator => page.locator('ol li.assistant').last();
  const press = (page: Page, name: string): Promise<void> =>
    page.getByRole('button', { name, exact: true }).first().click();

  /** Waits until the log has so many entries of a kind. */
  const stored = async (kind: string, count: number): Promise<void> => {
    await until(
      async () => await (await fetch(`${server.url}/api/threads/agent-ai/messages`)).text(),
      (text) => text.split(`"kind":"${kind}"`).length > count
    );
  };

  async function say(page: Page, text: string): Promise<void> {
    await page.getByLabel('Message').fill(text);
    await page.getByLabel('Message').press('Enter');
  }

  /** Opens a page in a tab of its own. */
  async function open(kind: 'use-chat' | 'rollcall'): Promise<Page> {
    const page = await context.newPage();
    page.on('pageerror', ({ message }) => problems.push(message));
    await page.goto(`${pages.url}/?server=${encodeURIComponent(server.url)}#${kind}`);
    await status(page, 'ready');
    return page;
  }

  before(async function () {
    browser = await launchBrowser(this);
    pages = await pagesOf('chat-pages.ts');
  });

  beforeEach(async () => {
    dataDir = await temporaryDir();
    const [module, other] = [join(dataDir, 'order.mjs'), join(dataDir, 'says.mjs')];
    go = join(dataDir, 'go');
    await writeFile(module, ORDER);
    await writeFile(other, says(go));
    options = {
      dataDir: join(dataDir, 'data'),
      env: {
        PORT: String(await freePort()),
        AGENTS: `${other},${module}`,
        ALLOWED_ORIGINS: pages.url
      }
    };
    server = await startServer(options);
    context = await browser.newContext();
    problems.length = 0;
  });

  afterEach(async () => {
    await context.close();
    await server.stop();
    await rm(dataDir, { recursive: true, force: true });
  });

  after(async () => {
    await (browser as Browser | undefined)?.close();
    (pages as Pages | undefined)?.stop();
  });

  describe('useChat over RollcallChatTransport', () => {
    it('sends, streams and keeps its history', async () => {
      const page = await open('use-chat');
      await say(page, 'hello there');
      await answer(page).getByText('hello there').waitFor();
      await status(page, 'ready');
      await press(page, 'again');
      await stored('agent_completed', 2);
      await status(page, 'ready');
      await page.reload();
      await answer(page).getByText('hello there').waitFor();
      expect(await lines(page, 'user')).to.eql(['hello there']);
      expect(await lines(page, 'assistant')).to.eql(['hello there']);
      expect(problems).to.eql([]);
    });

    it('goes on with the whole text after a reload in the middle', async () => {
      const page = await open('use-chat');
      await say(page, LONG);
      await answer(page).getByText('word5').waitFor();
      await page.reload();
      await answer(page).getByText('word5').waitFor();
      await status(page, 'streaming');
      await writeFile(go, '');
      await answer(page).getByText('word119').waitFor();
      await status(page, 'ready');
      expect(await lines(page, 'assistant')).to.eql([LONG]);
      expect(await lines(page, 'user')).to.eql([LONG]);
      expect(problems).to.eql([]);
    });

    it('is stopped from another tab, and by its own button', async () => {
      const page = await open('use-chat');
      const other = await open('rollcall');
      await say(page, LONG);
      await answer(other).getByText('word5').waitFor();
      await press(other, 'stop');
      await status(page, 'ready');
      await status(other, 'ready');
      const [text = ''] = await lines(page, 'assistant');
      expect(LONG.startsWith(text)).to.equal(true);
      expect(text.length).to.be.within(1, LONG.length - 1);
      expect(await lines(other, 'assistant')).to.eql([text]);
      await say(page, LONG);
      await answer(page).getByText('word5').waitFor();
      await press(page, 'stop');
      await status(page, 'ready');
      await status(other, 'ready');
      expect((await lines(other, 'assistant')).at(-1)?.length).to.be.lessThan(LONG.length);
      expect(problems).to.eql([]);
    });

    it('keeps the text of an answer that a killed server has interrupted, and goes on', async () => {
      const page = await open('use-chat');
      await say(page, LONG);
      await answer(page).getByText('word59').waitFor();
      // Entries are stored in order, so that the text before it is stored too.
      await stored('tool_executing', 1);
      await server.stop('SIGKILL');
      server = await startServer(options);
      await page.evaluate('client.reconnectNow()');
      await status(page, 'error');
      const [text = ''] = await lines(page, 'assistant');
      expect(LONG.startsWith(text)).to.equal(true);
      expect(text).to.include('word50');
      await say(page, 'and now?');
      await answer(page).getByText('and now?').waitFor();
      await status(page, 'ready');
      expect((await lines(page, 'assistant')).length).to.equal(2);
      await page.reload();
      await answer(page).getByText('and now?').waitFor();
      expect((await lines(page, 'assistant')).length).to.equal(2);
      expect(problems).to.eql([]);
    });
  });

  describe('useRollcallChat', () => {
    it('shows what another tab writes, the queue, and the versions of an answer', async () => {
      const one = await open('rollcall');
      const other = await open('rollcall');
      await say(one, LONG);
      await answer(other).getByText('word2').waitFor();
      await say(other, 'second');
      await say(one, 'third');
      await other.getByText('1 second').waitFor();
      await one.getByText('2 third').waitFor();
      await press(one, 'withdraw');
      await other.getByText('1 third').waitFor();
      await press(other, 'stop');
      await answer(one).getByText('third').waitFor();
      await status(one, 'ready');
      await press(one, 'again');
      await other.getByText('2 of 2').waitFor();
      await status(other, 'ready');
      await press(other, 'first version');
      await other.getByText('1 of 2').waitFor();
      expect(await lines(one, 'user')).to.eql([LONG, 'second', 'third']);
      expect(await lines(other, 'user')).to.eql([LONG, 'second', 'third']);
      expect((await lines(one, 'assistant')).at(-1)).to.equal('third');
      expect(problems).to.eql([]);
    });

    it('answers a question from any tab, also after a reload, and adds up the usage', async () => {
      const one = await open('rollcall');
      const other = await open('rollcall');
      await press(one, 'order');
      await other.getByText('How many?').waitFor();
      await other.reload();
      await other.getByText('How many?').waitFor();
      await press(other, 'answer 3');
      await answer(one).getByText('You get 3.').waitFor();
      await one.getByText('How many?').waitFor({ state: 'detached' });
      await one.getByText('"output":7').waitFor();
      expect(await lines(one, 'assistant')).to.eql(await lines(other, 'assistant'));
      expect(await lines(other, 'assistant')).to.eql(['Let us see. You get 3.']);
      expect(problems).to.eql([]);
    });
  });
});
