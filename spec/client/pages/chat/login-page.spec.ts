import { expect } from 'chai';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { accessibilityProblems } from '../axe.js';
import { connected, launchBrowser, picture, problemsOf } from '../browser.js';
import { startFakeServer, type FakeServer } from '../fake-server.js';
import { LoginSite } from '../login-site.js';

describe('signing in to the chat page elsewhere (AUTH_LOGIN_URL, against the fake server)', function () {
  this.timeout(60_000);
  let browser: Browser;
  let server: FakeServer;
  let site: LoginSite;
  let loginUrl: string;
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
    site = new LoginSite();
    loginUrl = `${await site.start()}/in?app=chat`;
    server.status.report = { loginUrl };
    context = await browser.newContext();
    page = await context.newPage();
    problems = problemsOf(page);
  });

  afterEach(async () => {
    expect(problems).to.eql([]);
    await context.close();
    site.stop();
    await server.stop();
  });

  after(async () => {
    await (browser as Browser | undefined)?.close();
  });

  const link = (): ReturnType<Page['getByRole']> =>
    page.getByRole('link', { name: /^Sign in at / });
  const message = (): ReturnType<Page['getByLabel']> => page.getByLabel('Message', { exact: true });

  it('goes there and comes back to the same thread, with the token in the tab only', async () => {
    await page.goto(`${server.url}/?user=ada#/t/secret-plans`);
    await link().waitFor();
    // The link must have the focus for Enter to follow it.
    await page.keyboard.press('Enter');
    await connected(page);
    expect(page.url()).to.equal(`${server.url}/#/t/secret-plans`);
    const [{ url, headers } = { url: '', headers: {} }] = site.asked;
    expect(new URL(url).searchParams.get('return')).to.equal(`${server.url}/`);
    expect(new URL(url).searchParams.get('app')).to.equal('chat');
    expect(JSON.stringify(headers)).to.not.include('secret-plans');
    const stored = await page.evaluate<string>(
      'JSON.stringify([{ ...sessionStorage }, { ...localStorage }, document.cookie])'
    );
    expect(stored.match(/right/g)).to.have.length(1);
    expect(await page.evaluate<string>("sessionStorage['rollcall.token']")).to.equal('right');
  });

  it('leaves the token in no entry of the history, and tells it no page that a link leads to', async () => {
    await page.goto(server.url);
    await link().click();
    await connected(page);
    await page.evaluate(`(() => {
      const link = document.createElement('a');
      link.href = ${JSON.stringify(new URL('/elsewhere', loginUrl).href)};
      document.body.append(link);
      link.click();
    })()`);
    await page.getByText('elsewhere').waitFor();
    await page.goBack();
    await connected(page);
    expect(page.url()).to.not.include('right');
    await page.goBack();
    await page.waitForLoadState();
    expect(page.url()).to.not.include('right');
    expect(JSON.stringify(site.asked)).to.not.include('right');
  });

  it('offers it again when the token has expired, and keeps what was being written over the way there', async () => {
    await page.goto(`${server.url}/#/t/plans&token=right`);
    await connected(page);
    expect(await link().count()).to.equal(0);
    await message().fill('half a thought');
    server.rollcall.token = 'next';
    server.rollcall.closeAll(3005, 'token expired');
    await page.getByRole('dialog').getByText('Your token has expired').waitFor();
    site.token = 'next';
    await link().click();
    await connected(page);
    expect(page.url()).to.equal(`${server.url}/#/t/plans`);
    expect(await message().inputValue()).to.equal('half a thought');
    expect(await page.evaluate<string>('JSON.stringify(sessionStorage)')).to.not.include('half');
  });

  it('gives what was being written to nobody else who comes back', async () => {
    server.rollcall.tokenUser = 'ada';
    await page.goto(`${server.url}/#/t/plans&token=right`);
    await connected(page);
    await message().fill('of ada alone');
    server.rollcall.token = 'next';
    server.rollcall.closeAll(3500, 'token revoked');
    await page.getByRole('dialog').getByText('Your token has been withdrawn').waitFor();
    server.rollcall.tokenUser = 'eve';
    site.token = 'next';
    await link().click();
    await connected(page);
    expect(await message().inputValue()).to.equal('');
  });

  it('takes a pasted token as well, and keeps nobody out, in light and dark, on a phone', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await page.goto(server.url);
    await link().waitFor();
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await picture(page, `chat-sign-in-${colorScheme}`);
      expect(await accessibilityProblems(page)).to.eql([]);
    }
    expect(
      await page.evaluate<boolean>('document.documentElement.scrollWidth <= innerWidth')
    ).to.equal(true);
    await page.getByLabel('Token').fill('right');
    await page.getByRole('button', { name: 'Use this token' }).click();
    await connected(page);
  });
});
