import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { accessibilityProblems } from '../../../client/pages/axe.js';
import {
  connected,
  joinedPage,
  launchBrowser,
  picture,
  problemsOf,
  say
} from '../../../client/pages/browser.js';
import { startServer } from '../../servers/server-process.js';

/** A fresh clone in development: no settings but those that every spec has. */
describe('an agent for newcomers to the chat page', function () {
  this.timeout(120_000);
  let browser: Browser;
  let server: Awaited<ReturnType<typeof startServer>>;

  before(async function () {
    browser = await launchBrowser(this);
    server = await startServer();
  });
  after(async () => {
    // Undefined when there was no browser and all was skipped.
    await (browser as Browser | undefined)?.close();
    await (server as typeof server | undefined)?.stop();
  });

  const runs = (page: Page) => page.locator('article.run');

  it('shows a run after a name, a click and Enter', async () => {
    const page = await (await browser.newContext()).newPage();
    const problems = problemsOf(page);
    const from = performance.now();
    await page.goto(server.url);
    await page.getByLabel('Your name').fill('ada');
    await page.getByLabel('Your name').press('Enter');
    await connected(page);
    await picture(page, 'chat-try-agent');
    await page.getByRole('button', { name: 'Try the agent' }).first().click();
    await page.getByRole('heading', { name: /^agent-/ }).waitFor();
    const field = page.getByLabel('Message', { exact: true });
    expect(await field.inputValue()).to.match(/^Hello!/);
    // The beginning is in sight, and the thread offers no second trial.
    expect(await field.evaluate(({ scrollTop }: { scrollTop: number }) => scrollTop)).to.equal(0);
    await page.getByText('Send the message below').waitFor();
    expect(await page.getByRole('button', { name: 'Try the agent' }).count()).to.equal(1);
    await picture(page, 'chat-trial');
    const names = page.getByRole('navigation', { name: 'Pages' }).getByRole('link');
    const tops = await Promise.all((await names.all()).map((name) => name.boundingBox()));
    expect(new Set(tops.map((box) => box?.y)).size, 'lines of the names of pages').to.equal(1);
    await field.press('Enter');
    await runs(page).first().waitFor();
    console.log(`      a run after ${String(Math.round(performance.now() - from))} ms`);
    await runs(page).getByText('Done in').waitFor();
    expect(await runs(page).locator('.answer li').count()).to.equal(4);
    expect(await page.getByLabel('Agent that answers').inputValue()).to.equal('echo');
    expect(problems).to.eql([]);
    await page.context().close();
  });

  it('lets a person choose the agent of any thread, which answers from then on, and nobody', async () => {
    const { page, problems } = await joinedPage(browser, server.url, 'ada', 'tea');
    const choice = page.getByLabel('Agent that answers');
    expect(await choice.inputValue()).to.equal('');
    await say(page, 'is anybody there?');
    await choice.selectOption('echo');
    await page.getByText('echo answers', { exact: false }).first().waitFor();
    await say(page, 'and now?');
    await runs(page).getByText('and now?').waitFor();
    await page.reload();
    await connected(page);
    await runs(page).getByText('and now?').waitFor();
    expect(await choice.inputValue()).to.equal('echo');
    await choice.selectOption('');
    await page.getByText('No agent answers in this thread any more.').waitFor();
    await say(page, 'quiet again');
    await page.getByRole('log').getByText('quiet again').waitFor();
    expect(await runs(page).count()).to.equal(1);
    expect(problems).to.eql([]);
    await page.context().close();
  });

  it('has no serious fault for anybody, on a phone too', async () => {
    const { page } = await joinedPage(browser, server.url, 'ada', 'nothing-here');
    await page.getByRole('button', { name: 'Try the agent' }).first().waitFor();
    expect(await accessibilityProblems(page)).to.eql([]);
    await page.setViewportSize({ width: 390, height: 780 });
    await page.emulateMedia({ colorScheme: 'dark' });
    await picture(page, 'chat-try-agent-phone-dark');
    expect(await page.evaluate('document.documentElement.scrollWidth')).to.equal(390);
    await page.context().close();
  });
});
