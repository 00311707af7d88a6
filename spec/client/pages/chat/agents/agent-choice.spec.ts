import { expect } from 'chai';
import type { Browser, Locator, Page } from 'playwright-core';
import { joinedPage, launchBrowser, say } from '../../browser.js';
import { startFakeServer, type FakeServer } from '../../fake-server.js';

describe('the choice of the agent on the chat page (against the fake server)', function () {
  this.timeout(60_000);
  let browser: Browser;
  let server: FakeServer;
  let page: Page;
  let problems: string[];
  /** Agents that the page has set over HTTP. */
  let put: unknown[];

  before(async function () {
    browser = await launchBrowser(this);
  });

  beforeEach(async () => {
    server = await startFakeServer();
    server.rollcall.agents = [
      { name: 'echo', description: 'repeats' },
      { name: 'helper', description: 'helps' }
    ];
    put = [];
  });

  afterEach(async () => {
    expect(problems).to.eql([]);
    await page.context().close();
    await server.stop();
  });

  after(async () => {
    await (browser as Browser | undefined)?.close();
  });

  /** Joins as ada; choices over HTTP are answered as by the server, which tells them to everybody. */
  const join = async (status = 200): Promise<void> => {
    ({ page, problems } = await joinedPage(browser, server.url, 'ada', 'club'));
    await page.route('**/api/threads/club/agent', async (route) => {
      const { agent } = route.request().postDataJSON() as { agent: string | null };
      put.push(agent);
      if (status === 200) server.rollcall.setAgent('club', agent, null);
      const body = status === 200 ? { thread: 'club', agent } : { code: 'forbidden', title: 'No' };
      await route.fulfill({ status, json: body });
    });
  };
  const choice = (): Locator => page.getByLabel('Agent that answers');
  const notice = (words: string): Promise<void> =>
    page.locator('#notice').getByText(words).waitFor();
  const named = (): (string | undefined)[] =>
    server.rollcall.receivedOf('publish').map(({ agent }) => agent);

  it('shows at once whom somebody else has chosen, and says by whom', async () => {
    await join();
    expect(await choice().inputValue()).to.equal('');
    server.rollcall.setAgent('club', 'helper', 'olga');
    await notice('helper answers in this thread. Chosen by olga.');
    expect(await choice().inputValue()).to.equal('helper');
    server.rollcall.setAgent('club', null, null);
    await notice('No agent answers in this thread any more.');
    expect(await choice().inputValue()).to.equal('');
  });

  it('is set at once by who may manage the thread, and by nobody else where it has an owner', async () => {
    server.rollcall.thread('club').owner = 'olga';
    server.rollcall.thread('club').may = ['read', 'write', 'manage'];
    await join();
    await choice().selectOption('echo');
    await notice('echo answers in this thread.');
    expect(put).to.eql(['echo']);
    server.rollcall.setMay('club', 'read', 'write');
    // What comes behind the frame tells that the page has read it.
    server.rollcall.say('club', 'olga', 'you may no more');
    await page.getByRole('log').getByText('you may no more').waitFor();
    await choice().selectOption('helper');
    await notice('helper answers from your next message on.');
    await say(page, 'hi');
    await page.getByRole('log').getByText('hi').waitFor();
    expect([put, named()]).to.eql([['echo'], ['helper']]);
    await choice().selectOption('');
    await notice('Only who may manage this thread can let no agent answer.');
    expect(await choice().inputValue()).to.equal('helper');
  });

  it('is set at once in a thread that nobody owns, where no token is asked for', async () => {
    server.rollcall.thread('club').may = ['read', 'write'];
    await join();
    await choice().selectOption('echo');
    await notice('echo answers in this thread.');
    await choice().selectOption('');
    await notice('No agent answers in this thread any more.');
    expect(put).to.eql(['echo', null]);
    await say(page, 'hi');
    await page.getByRole('log').getByText('hi').waitFor();
    expect(named()).to.eql([undefined]);
  });

  it('goes with the next message where the server does not let this user set it', async () => {
    await join(403);
    await choice().selectOption('echo');
    await notice('echo answers from your next message on.');
    await say(page, 'hi');
    await page.getByRole('log').getByText('hi').waitFor();
    expect([put, named()]).to.eql([['echo'], ['echo']]);
  });

  it('is closed for who may only read', async () => {
    server.rollcall.thread('club').may = ['read'];
    await join();
    await choice().waitFor();
    expect(await choice().isDisabled()).to.equal(true);
  });
});
