import { expect } from 'chai';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { accessibilityProblems } from '../axe.js';
import { connected, launchBrowser, picture, problemsOf, say } from '../browser.js';
import { startFakeServer, type FakeServer } from '../fake-server.js';

describe('signing in to the chat page (against the fake server)', function () {
  this.timeout(60_000);
  let browser: Browser;
  let server: FakeServer;
  let context: BrowserContext;
  let page: Page;
  let problems: string[];

  before(async function () {
    browser = await launchBrowser(this);
  });

  beforeEach(async () => {
    server = await startFakeServer();
    server.rollcall.reconnect = { firstJitterMs: 0, minMs: 1, maxMs: 10 };
    server.rollcall.token = 'right';
    context = await browser.newContext();
    page = await context.newPage();
    problems = problemsOf(page);
  });

  afterEach(async () => {
    expect(problems).to.eql([]);
    await context.close();
    await server.stop();
  });

  after(async () => {
    await (browser as Browser | undefined)?.close();
  });

  const dialog = (): ReturnType<Page['getByRole']> => page.getByRole('dialog');
  const stored = (): Promise<string> =>
    page.evaluate<string>('JSON.stringify([{ ...sessionStorage }, { ...localStorage }])');

  it('takes a token from the address, and out of it and the history at once', async () => {
    await page.goto(`${server.url}/#/t/plans&token=right`);
    await connected(page);
    expect(page.url()).to.equal(`${server.url}/#/t/plans`);
    expect(await page.getByRole('heading', { name: 'plans' }).isVisible()).to.equal(true);
    await page.evaluate("location.hash = '#/t/other'");
    await page.getByRole('heading', { name: 'other' }).waitFor();
    await page.goBack();
    await page.getByRole('heading', { name: 'plans' }).waitFor();
    expect(page.url()).to.equal(`${server.url}/#/t/plans`);
  });

  it('keeps the token in the tab only, through a reload', async () => {
    await page.goto(`${server.url}/#token=right`);
    await connected(page);
    expect(page.url()).to.equal(`${server.url}/#/t/lobby`);
    await page.reload();
    await connected(page);
    expect(await page.evaluate<string>('JSON.stringify({ ...localStorage })')).to.not.include(
      'right'
    );
    const other = await context.newPage();
    await other.goto(server.url);
    await other.getByRole('dialog').waitFor();
    await other.close();
  });

  it('takes a token into a page that is open', async () => {
    await page.goto(server.url);
    await dialog().waitFor();
    await page.evaluate("location.hash = '#token=right'");
    await connected(page);
    expect(page.url()).to.equal(`${server.url}/#/t/lobby`);
    expect(await dialog().count()).to.equal(0);
  });

  it('says of a token in the address that it is not accepted, and takes another', async () => {
    await page.goto(`${server.url}/#token=wrong`);
    await dialog().getByText('The token was not accepted').waitFor();
    expect(page.url()).to.equal(`${server.url}/#/t/lobby`);
    expect(await stored()).to.not.include('wrong');
    await page.getByLabel('Token').fill('right');
    await page.getByLabel('Token').press('Enter');
    await connected(page);
  });

  it('says that a token has expired, or was withdrawn, and keeps what was being written', async () => {
    await page.goto(`${server.url}/#token=right`);
    await connected(page);
    await page.getByLabel('Message', { exact: true }).fill('half a thought');
    server.rollcall.token = 'next';
    server.rollcall.closeAll(3005, 'token expired');
    await dialog().getByText('Your token has expired').waitFor();
    await page.getByLabel('Token').fill('next');
    await page.getByLabel('Token').press('Enter');
    await connected(page);
    expect(await page.getByLabel('Message', { exact: true }).inputValue()).to.equal(
      'half a thought'
    );
    server.rollcall.closeAll(3500, 'token revoked');
    await dialog().getByText('Your token has been withdrawn').waitFor();
    expect(await accessibilityProblems(page)).to.eql([]);
    await picture(page, 'chat-revoked');
  });

  it('signs out, and leaves nothing of the user to whoever comes next', async () => {
    await page.goto(`${server.url}/#/t/secret-plans&token=right`);
    await connected(page);
    await say(page, 'among us');
    await page.getByRole('log').getByText('among us').waitFor();
    await page.getByLabel('Message', { exact: true }).fill('a draft');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await dialog().waitFor();
    await picture(page, 'chat-signed-out');
    expect(await page.getByRole('log').getByText('among us').count()).to.equal(0);
    expect(await page.locator('#composer-text').inputValue()).to.equal('');
    expect(await page.locator('#me-name').textContent()).to.equal('');
    expect(await stored()).to.not.match(/right|secret-plans|token-user/);
    await page.reload();
    await dialog().waitFor();
  });
});
