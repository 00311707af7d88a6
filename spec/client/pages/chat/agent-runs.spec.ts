import { expect } from 'chai';
import type { Browser, Locator, Page } from 'playwright-core';
import { accessibilityProblems } from '../axe.js';
import { connected, joinedPage, launchBrowser, picture } from '../browser.js';
import { startFakeServer, type FakeServer } from '../fake-server.js';
import { recordedRun } from '../../sdk/recorded-runs.js';

/** The specs share one page and play the recording in order, so each depends on those before it. */
describe('chat page with agent runs (against the fake server)', function () {
  this.timeout(60_000);
  let browser: Browser;
  let server: FakeServer;
  let page: Page;
  let problems: string[];

  before(async function () {
    browser = await launchBrowser(this);
    server = await startFakeServer();
    server.rollcall.reconnect = { firstJitterMs: 20, minMs: 20, maxMs: 50 };
    ({ page, problems } = await joinedPage(browser, server.url, 'ada', 'lobby'));
  });

  after(async () => {
    // Undefined when there was no browser and all was skipped.
    await (browser as Browser | undefined)?.close();
    await (server as FakeServer | undefined)?.stop();
  });

  const runs = (): Locator => page.locator('article.run');
  const scrollTop = (): Promise<number> =>
    page.evaluate<number>("document.getElementById('log-scroll').scrollTop");

  /** Plays recorded frames and waits until the page shows the end of the answer's text so far. */
  async function play(
    question: Parameters<typeof recordedRun>[0],
    from: number,
    to?: number
  ): Promise<void> {
    server.rollcall.play(recordedRun(question).slice(from, to));
    const run = [...server.rollcall.thread('lobby').runs.values()].at(-1);
    if (run === undefined || run.text === '') return;
    // Compares letters and digits only: the page draws markup and blank lines in another form, or later.
    const letters = Array.from(run.text.replaceAll(/[^a-z0-9]/gi, '').slice(-24)).join(
      '[^a-z0-9]*'
    );
    const end = new RegExp(`${letters}[^a-z0-9]*$`, 'i');
    await runs().last().locator('.answer').filter({ hasText: end }).waitFor();
  }

  it('shows thinking, tools and the answer while they come, in one block that is not read out', async () => {
    await play('q1', 0, 120);
    await runs().getByText('Answering…').waitFor();
    expect(await runs().count()).to.equal(1);
    expect(await runs().locator('.step').count()).to.equal(4);
    expect(await runs().getByRole('button', { name: 'Stop' }).isVisible()).to.equal(true);
    expect(await runs().getAttribute('aria-live')).to.equal('off');
    expect(await page.locator('#spoken').textContent()).to.equal('helper is answering');
    expect(await runs().locator('.code-block code').textContent()).to.match(/^const prices/);
  });

  it('is finished in place, and says so once to those who hear it', async () => {
    await page.evaluate("document.querySelector('article.run').dataset.same = 'yes'");
    await play('q1', 120);
    await runs().getByText('Done in 9.2 s').waitFor();
    expect(await runs().getAttribute('data-same')).to.equal('yes');
    expect(await runs().getByRole('button', { name: 'Stop' }).isVisible()).to.equal(false);
    expect(await page.locator('#spoken').textContent()).to.match(/^helper answered: The checkout/);
    expect(await runs().getByRole('link').count()).to.equal(2);
  });

  it('opens a tool call to its arguments and result, as text', async () => {
    await runs().getByText('search_logs').click();
    const shown = runs().locator('.json');
    expect(JSON.parse((await shown.nth(0).textContent()) ?? '')).to.include({ limit: 500 });
    expect(JSON.parse((await shown.nth(1).textContent()) ?? '')).to.include({ hits: 1_204 });
    await runs().getByText('done · 412 ms').waitFor();
    await runs().getByText('search_logs').click();
  });

  it('says why a run failed', async () => {
    await play('q2', 0);
    await runs().nth(1).getByText('Failed: restart_workers did not answer within 30 s').waitFor();
    await runs().nth(1).getByText('failed · 30.0 s').waitFor();
  });

  it('stops a run when told to, and says when that was refused', async () => {
    const { rollcall } = server;
    rollcall.intercept = (frame, connection) => {
      if (frame.type !== 'cancel') return false;
      rollcall.refuse(frame, connection, { code: 'forbidden', retry: false });
      return true;
    };
    await play('q3', 0, 12);
    const stop = runs().last().getByRole('button', { name: /Stop/ });
    await stop.click();
    await runs().last().getByText('Could not be stopped: refused by the spec').waitFor();
    rollcall.intercept = () => false;
    await stop.click();
    await runs().last().getByText('Stopping…').waitFor();
    // A second click sends no request.
    await stop.click({ force: true });
    expect(rollcall.receivedOf('cancel').map(({ run }) => run)).to.eql(['r3', 'r3']);
    await play('q3', 12);
    await runs().last().getByText('Stopped by ada').waitFor();
    expect(await page.locator('#spoken').textContent()).to.equal('helper was stopped');
  });

  it('does not move a reader who has scrolled up, however little, while an answer grows', async () => {
    await play('q4', 0, 20);
    const atEnd = await scrollTop();
    await page.mouse.move(600, 300);
    await page.mouse.wheel(0, -30);
    await page.getByRole('button', { name: 'Jump to latest' }).waitFor();
    const there = await scrollTop();
    await play('q4', 20, 40);
    expect(await scrollTop()).to.equal(there);
    await page.getByRole('button', { name: 'Jump to latest' }).click();
    await play('q4', 40, 50);
    expect(await scrollTop()).to.be.above(atEnd);
  });

  it('has no serious fault for anybody while a run goes on, in light, and in dark and offline', async () => {
    expect(await accessibilityProblems(page, ['light']), 'light').to.eql([]);
    await picture(page, 'chat-run-light');
    await page.emulateMedia({ colorScheme: 'dark' });
    server.rollcall.intercept = ({ type }) => type === 'connect';
    server.rollcall.closeAll(1006, '');
    await page.locator('#banner').getByText('Reconnecting').first().waitFor();
    expect(await accessibilityProblems(page, ['dark']), 'dark, and offline').to.eql([]);
    await page.emulateMedia({ colorScheme: 'dark' });
    await picture(page, 'chat-run-dark-offline');
    await page.emulateMedia({ colorScheme: null });
    server.rollcall.intercept = () => false;
    server.rollcall.closeAll(1006, '');
    await connected(page);
  });

  it('shows the same block after a reload in the middle, and to its end', async () => {
    await page.reload();
    await connected(page);
    await runs().last().getByText('Answering…').waitFor();
    expect(await runs().count()).to.equal(4);
    expect(await runs().last().locator('.step').count()).to.equal(1);
    // Plays nothing: only waits until the page shows the text so far.
    await play('q4', 50, 50);
    await play('q4', 50);
    await runs().last().getByText('Done in 4.1 s').waitFor();
    for (const [index, state] of ['completed', 'failed', 'cancelled', 'completed'].entries()) {
      expect(await runs().nth(index).getAttribute('class')).to.match(new RegExp(` ${state}$`));
    }
    expect(problems).to.eql([]);
  });
});
