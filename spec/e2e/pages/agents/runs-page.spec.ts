import { expect } from 'chai';
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Browser, Locator, Page } from 'playwright-core';
import { freePort } from '../../../../scripts/kill-proof/free-port.js';
import { accessibilityProblems } from '../../../client/pages/axe.js';
import {
  connected,
  joinedPage,
  launchBrowser,
  picture,
  say
} from '../../../client/pages/browser.js';
import { startServer, temporaryDir, type StartOptions } from '../../servers/server-process.js';

const MODULE = fileURLToPath(new URL('page-agents.mjs', import.meta.url));

describe('runs of agents on the chat page', function () {
  this.timeout(120_000);
  let browser: Browser;
  let server: Awaited<ReturnType<typeof startServer>>;
  let options: StartOptions;
  let page: Page;
  let problems: string[];

  before(async function () {
    browser = await launchBrowser(this);
    const env = { PORT: String(await freePort()), AGENTS: `echo,${MODULE}` };
    options = { dataDir: await temporaryDir(), env };
    server = await startServer(options);
  });
  after(async () => {
    // Undefined when there was no browser and all was skipped.
    await (browser as Browser | undefined)?.close();
    await (server as typeof server | undefined)?.stop();
    const { dataDir } = (options as StartOptions | undefined) ?? {};
    if (dataDir !== undefined) await rm(dataDir, { recursive: true, force: true });
  });
  afterEach(async () => {
    expect(problems).to.eql([]);
    await page.context().close();
  });

  const runs = (of: Page = page): Locator => of.locator('article.run');
  const last = (of: Page = page): Locator => runs(of).last();
  const button = (name: string, of: Locator = last()): Locator =>
    of.getByRole('button', { name, exact: true });

  /** Opens a thread of its own as ada, and chooses the agent that answers there. */
  const open = async (thread: string, agent: string): Promise<void> => {
    ({ page, problems } = await joinedPage(browser, server.url, 'ada', thread));
    await choose(agent);
  };
  const choose = async (agent: string): Promise<void> => {
    await page.getByLabel('Agent that answers').selectOption(agent);
    await page.locator('#notice').getByText(`${agent} answers`).waitFor();
  };
  /** A second tab of the same person in the same thread. */
  const otherTab = async (): Promise<Page> => {
    const other = await page.context().newPage();
    await other.goto(page.url());
    await connected(other);
    return other;
  };

  it('keep their text through a reload in the middle, and are stopped from another tab', async () => {
    await open('reload', 'endless');
    await say(page, 'count, please');
    await last()
      .getByText(/\b30\b/)
      .waitFor();
    const before = (await last().locator('.answer').textContent()) ?? '';
    await page.reload();
    await connected(page);
    await last().locator('.answer').waitFor();
    const after = (await last().locator('.answer').textContent()) ?? '';
    expect(after.startsWith(before.trimEnd())).to.equal(true);
    await last().getByText('Answering…').waitFor();
    const other = await otherTab();
    await button('Stop', last(other)).click();
    for (const one of [page, other]) await last(one).getByText('Stopped by ada').waitFor();
    expect(await last().locator('.answer').textContent()).to.match(/^1 2 3 4 /);
  });

  it('wait in line with their place, and are withdrawn', async () => {
    await open('queue', 'endless');
    for (const text of ['one', 'two', 'three']) await say(page, text);
    await runs().nth(1).getByText('Next in line').waitFor();
    await runs().nth(2).getByText('2 answers come before it').waitFor();
    await picture(page, 'chat-agents-queue');
    await button('Withdraw', runs().nth(1)).click();
    await runs().nth(1).getByText('Withdrawn by ada').waitFor();
    await runs().nth(2).getByText('Next in line').waitFor();
    await button('Stop', runs().nth(0)).click();
    await runs().nth(2).getByText('Answering…').waitFor();
    await button('Stop', runs().nth(2)).click();
    await runs().nth(2).getByText('Stopped by ada').waitFor();
  });

  it('are told as interrupted, with the text so far, when the server was killed in the middle', async () => {
    await open('killed', 'endless');
    await say(page, 'count, please');
    // More than what the server keeps every two seconds.
    await last()
      .getByText(/\b150\b/)
      .waitFor();
    await server.stop('SIGKILL');
    await page.locator('#banner').getByText('Reconnecting').first().waitFor();
    server = await startServer(options);
    await last().getByText('Interrupted: the server stopped').waitFor();
    expect(await last().locator('.answer').textContent()).to.match(/^1 2 3 4 5 /);
    await button('Try again').click();
    await last().getByText('Answering…').waitFor();
    expect(await runs().count()).to.equal(1);
    await button('Stop').click();
    await last().getByText('Stopped by ada').waitFor();
  });

  it('show that they were tried again, in place of the text that no longer counts', async () => {
    await open('unsteady', 'unsteady');
    await say(page, 'go');
    await last().getByText('This is attempt 2, and it is the last.').waitFor();
    await last().getByText('Attempt 2: the one before failed').waitFor();
    await choose('broken');
    await say(page, 'and now?');
    await last().getByText('Failed: we have run out of flour').waitFor();
    await button('Try again').waitFor();
    await page.reload();
    await runs().first().getByText('Attempt 2: the one before failed').waitFor();
  });

  it('ask by a form made from the schema, once for all tabs', async () => {
    await open('order', 'order');
    await say(page, 'I am hungry');
    await button('Answer').waitFor();
    expect(await accessibilityProblems(page)).to.eql([]);
    await picture(page, 'chat-agents-ask');
    await page.reload();
    await button('Answer').click();
    await last().getByText('Give a whole number').waitFor();
    await last().getByText('This is needed').waitFor();
    await last().getByLabel('How many').fill('11');
    await last().getByLabel('Name on the box').fill('Ada');
    await last().getByLabel('Name on the box').press('Enter');
    await last().getByText('Give at most 10').waitFor();
    expect(await last().getByLabel('How many').getAttribute('aria-invalid')).to.equal('true');
    expect(await accessibilityProblems(page)).to.eql([]);
    const other = await otherTab();
    await last(other).getByLabel('How many').fill('4');
    await last(other).getByLabel('Name on the box').fill('Ada too');
    await last().getByLabel('large').check();
    await last().getByLabel('How many').fill('3');
    await last().getByLabel('How many').press('Enter');
    for (const one of [page, other]) {
      await last(one).getByText('ada: size: large, count: 3, name: Ada').waitFor();
      await last(one).getByText('1,300 tokens').waitFor();
      expect(await one.locator('form.ask').count()).to.equal(0);
    }
    await picture(page, 'chat-agents-answered');
  });

  it('are made anew and leafed through, also after a reload', async () => {
    await open('versions', 'counter');
    await say(page, 'what is it?');
    await last()
      .getByText(/Answer \d+ to: what is it\?/)
      .waitFor();
    const first = (await last().locator('.answer').textContent()) ?? '';
    await page.evaluate("document.querySelector('article.run').dataset.same = 'yes'");
    await button('Try again').click();
    await last().getByText('2/2').waitFor();
    const second = (await last().locator('.answer').textContent()) ?? '';
    expect(second).to.not.equal(first);
    // In the place of the first one, without the question a second time.
    expect(await last().getAttribute('data-same')).to.equal('yes');
    expect([await runs().count(), await page.locator('.message.own').count()]).to.eql([1, 1]);
    await button('Version before').focus();
    await page.keyboard.press('Enter');
    await last().getByText('1/2').waitFor();
    expect(await last().locator('.answer').textContent()).to.equal(first);
    expect(await page.evaluate("document.activeElement.getAttribute('aria-label')")).to.equal(
      'Version before'
    );
    await page.reload();
    await last().getByText('2/2').waitFor();
    expect(await last().locator('.answer').textContent()).to.equal(second);
    expect([await runs().count(), await page.locator('.message.own').count()]).to.eql([1, 1]);
    expect(await accessibilityProblems(page)).to.eql([]);
  });

  it('answer an edited message in its place', async () => {
    await open('edited', 'counter');
    await say(page, 'what is tee?');
    await last().getByText('to: what is tee?').waitFor();
    await say(page, 'something else');
    await last().getByText('to: something else').waitFor();
    await page.locator('.message.own').first().hover();
    await page.locator('.message.own').first().locator('.more').click();
    await page.getByRole('menuitem', { name: 'Edit and ask again' }).click();
    const field = page.getByLabel('Message', { exact: true });
    expect(await field.inputValue()).to.equal('what is tee?');
    await field.press('Escape');
    expect(await field.inputValue()).to.equal('');
    await page.locator('.message.own').first().hover();
    await page.locator('.message.own').first().locator('.more').click();
    await page.getByRole('menuitem', { name: 'Edit and ask again' }).click();
    await picture(page, 'chat-agents-edit');
    await say(page, 'what is tea?');
    await runs().first().getByText('to: what is tea?').waitFor();
    const shown = (): Promise<string[]> => page.locator('.message.own .bubble').allTextContents();
    expect(await shown()).to.eql(['what is tea?', 'something else']);
    await button('Version before', runs().first()).click();
    await runs().first().getByText('to: what is tee?').waitFor();
    expect(await shown()).to.eql(['what is tee?', 'something else']);
    expect(await runs().count()).to.equal(2);
    await picture(page, 'chat-agents-versions');
  });

  it('are given a message meanwhile, or stopped by one, where the writer chooses so', async () => {
    await open('meanwhile', 'endless');
    await say(page, 'count, please');
    const choice = page.getByLabel('While it answers');
    await choice.selectOption({ label: 'is given to it' });
    await say(page, 'faster');
    await last().getByText('(noted: faster)').waitFor();
    expect(await runs().count()).to.equal(1);
    const height = (): Promise<number> =>
      page.evaluate<number>("document.getElementById('log-scroll').clientHeight");
    const atWork = await height();
    await choice.selectOption({ label: 'stops it' });
    await picture(page, 'chat-agents-meanwhile');
    await say(page, 'begin again');
    await runs().first().getByText('Stopped by a newer message of ada').waitFor();
    await runs().nth(1).getByText('Answering…').waitFor();
    expect(await choice.inputValue()).to.equal('enqueue');
    expect(await height()).to.equal(atWork);
    await page.setViewportSize({ width: 390, height: 844 });
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await accessibilityProblems(page)).to.eql([]);
    await page.emulateMedia({ colorScheme: 'dark' });
    await picture(page, 'chat-agents-phone-dark');
    expect(await page.evaluate('document.documentElement.scrollWidth')).to.equal(390);
    const onPhone = await height();
    await button('Stop').click();
    await last().getByText('Stopped by ada').waitFor();
    await choice.waitFor({ state: 'hidden' });
    // Nothing has moved.
    expect(await height()).to.equal(onPhone);
  });

  it('say when nobody has answered in time', async () => {
    await open('impatient', 'impatient');
    await say(page, 'well?');
    await last().getByText('Nobody answered in time').waitFor();
    await last().getByText('Too late.').waitFor();
  });
});
