import { expect } from 'chai';
import type { Browser } from 'playwright-core';
import { connected, launchBrowser, problemsOf, say } from '../../client/pages/browser.js';
import { LoginSite } from '../../client/pages/login-site.js';
import { PRODUCTION, tokenOf } from '../access/doors.js';
import { startServer, type ServerProcess } from '../servers/server-process.js';

describe('AUTH_LOGIN_URL', function () {
  this.timeout(60_000);
  let browser: Browser;
  let server: ServerProcess;
  const site = new LoginSite();

  before(async function () {
    browser = await launchBrowser(this);
    const loginUrl = await site.start();
    server = await startServer({ env: { ...PRODUCTION, AUTH_LOGIN_URL: loginUrl } });
    site.token = await tokenOf('ada', { iat: Math.floor(Date.now() / 1_000) });
  });

  after(async () => {
    // Undefined when there is no browser and all tests were skipped.
    await (browser as Browser | undefined)?.close();
    await (server as ServerProcess | undefined)?.stop();
    site.stop();
  });

  it('signs a person in to the chat page, under its policy', async () => {
    const page = await browser.newPage();
    const problems = problemsOf(page);
    await page.goto(`${server.url}/#/t/tea`);
    await page.getByRole('link', { name: /^Sign in at 127/ }).click();
    await connected(page);
    await say(page, 'here I am');
    await page.getByRole('log').getByText('here I am').waitFor();
    expect(page.url()).to.equal(`${server.url}/#/t/tea`);
    expect(problems).to.eql([]);
  });
});
