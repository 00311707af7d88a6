import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { accessibilityProblems } from '../../client/pages/axe.js';
import { FINDING_ACTORS } from '../../../client/pages/status/words/finding.js';
import { borderless, launchBrowser, picture, problemsOf } from '../../client/pages/browser.js';
import { startBadClickhouse, type BadClickhouse } from '../clickhouse/bad-clickhouse.js';
import { startGate, type Gate } from './gate.js';
import {
  launchServer,
  startServer,
  type LaunchedServer,
  type ServerProcess
} from '../servers/server-process.js';
import { statusOf } from '../servers/until.js';
import { WireClient } from '../wire/wire-client.js';

const PHASES = ['infrastructure', 'handlers', 'monitoring', 'services', 'health'];

/** Longest wait for what a page should show, in milliseconds. */
const PATIENCE_MS = 25_000;

/** A browser page that shows the status of one server. */
interface StatusPage {
  readonly page: Page;
  readonly problems: readonly string[];
}

async function openStatusPage(browser: Browser, url: string): Promise<StatusPage> {
  const page = await (await browser.newContext()).newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const problems = problemsOf(page);
  await page.goto(`${url}/status.html`);
  return { page, problems };
}

const heading = (page: Page, name: string) => page.getByRole('heading', { level: 1, name });
const reasons = (page: Page) => page.getByRole('list', { name: 'Why' }).getByRole('listitem');

describe('status page', function () {
  this.timeout(60_000);
  let browser: Browser;
  let clickhouse: BadClickhouse;

  before(async function () {
    browser = await launchBrowser(this);
    clickhouse = await startBadClickhouse('refusing');
  });

  after(async () => {
    // Undefined when there is no browser and all tests were skipped.
    await (browser as Browser | undefined)?.close();
    await (clickhouse as BadClickhouse | undefined)?.stop();
  });

  describe('of a server that waits for what it requires', () => {
    let server: LaunchedServer;
    let opened: StatusPage;

    before(async () => {
      server = await launchServer({
        env: { CLICKHOUSE_URL: clickhouse.url, CLICKHOUSE_REQUIRED: 'true' }
      });
      const { port } = await server.line('Listening on');
      opened = await openStatusPage(browser, `http://127.0.0.1:${String(port)}`);
    });

    after(async () => {
      await (server as LaunchedServer | undefined)?.stop('SIGKILL');
    });

    it('shows the startup as it goes on, before anybody is let in', async () => {
      const { page } = opened;
      await heading(page, 'Starting').waitFor();
      await reasons(page)
        .getByText(/^Waiting for clickhouse: attempt \d of 5/)
        .waitFor();
      const row = (phase: string) =>
        page.getByRole('table', { name: 'Startup' }).getByRole('row').filter({ hasText: phase });
      await row('services').getByText('under way').waitFor({ state: 'attached' });
      await row('health').getByText('waiting').waitFor();
    });

    it('says that there is no answer when the server has gone, and keeps what it said', async () => {
      const { page, problems } = opened;
      await server.stop('SIGKILL');
      await heading(page, 'No answer').waitFor();
      await page
        .getByText(/^No answer for \d+ s, trying again: nothing answers at this address\.$/)
        .waitFor();
      await page.locator('#stale').getByText('starting', { exact: true }).waitFor();
      await page.getByRole('region', { name: 'Services' }).getByText('ECONNREFUSED').waitFor();
      expect(await page.title()).to.equal('No answer · Rollcall status');
      expect(problems).to.eql([]);
    });
  });

  describe('of a server that does without what is optional', () => {
    let server: ServerProcess;
    let gate: Gate;
    let page: Page;
    let problems: readonly string[];

    before(async () => {
      server = await startServer({
        env: { CLICKHOUSE_URL: clickhouse.url, DELIVERY_GRACE_MS: '300' }
      });
      gate = await startGate(server.url);
      ({ page, problems } = await openStatusPage(browser, gate.url));
    });

    after(async () => {
      await (gate as Gate | undefined)?.stop();
      await (server as ServerProcess | undefined)?.stop();
    });

    it('is named by the server when it serves, beside the chat page', async () => {
      const { message } = await server.line('Rollcall is serving');
      expect(message)
        .to.include(`chat ${server.url}/ ·`)
        .and.include(`status ${server.url}/status.html`);
    });

    it('says what is not well, and why', async () => {
      await heading(page, 'Degraded').waitFor();
      await reasons(page)
        .getByText(/^clickhouse: nothing answers at .*ECONNREFUSED/)
        .waitFor();
      await page.getByRole('region', { name: 'Services' }).getByText('degraded').waitFor();
      expect(await page.getByRole('status').textContent()).to.match(/^Degraded\. /);
    });

    it('shows what the monitor has found, how bad and how often, and when that is over', async () => {
      const findings = page
        .getByRole('region', { name: 'Monitor' })
        .getByRole('list', { name: 'Monitor' })
        .getByRole('listitem');
      await findings
        .filter({ hasText: 'Part not well: clickhouse' })
        .getByText('warning')
        .waitFor();
      const ada = await WireClient.connect(server.url, 'ada');
      await ada.publish('lonely', 'm1');
      const lost = findings.filter({ hasText: 'Undelivered messages' });
      await lost.getByText(/^1 thread holds undelivered messages \(lonely\): /).waitFor();
      await lost.getByText('warning', { exact: true }).waitFor();
      await lost.getByText(/^1 time · began \d+ s ago$/).waitFor();
      const journey = lost.getByRole('link', { name: 'Journey of the newest message' });
      expect(await journey.getAttribute('href')).to.equal('/journey.html?mid=m1&thread=lonely');
      await lost.getByRole('link', { name: 'lonely in the inspector' }).waitFor();
      const bob = await WireClient.connect(server.url, 'bob');
      await bob.subscribe('lonely');
      await lost.getByText('over', { exact: true }).waitFor();
      await lost.getByText(/ · warning until \d+ s ago · closes in (\d+ s|1 min)$/).waitFor();
      await Promise.all([ada.close(), bob.close()]);
      expect(await findings.count()).to.equal(2);
    });

    it('has the warnings and errors of the log, with their entries in the runbook', async () => {
      const line = page.locator('#lines li').filter({ hasText: 'Cannot deliver message' }).first();
      await line.getByText('error', { exact: true }).waitFor();
      await line.getByText(/thread lonely/).waitFor();
      const runbook = line.getByRole('link', { name: 'Runbook' });
      expect(await runbook.getAttribute('href')).to.equal('/runbook.html#incident-cannot-deliver');
    });

    it('leads to a runbook that keeps nobody out either', async () => {
      const link = page.locator('#findings').getByRole('link', { name: 'Runbook' }).first();
      const other = await page.context().newPage();
      await other.goto(server.url + ((await link.getAttribute('href')) ?? ''));
      const entry = other.locator('#finding-part-missed:target');
      await entry.getByText('What to do').waitFor();
      await other.getByRole('link', { name: 'Inspector', exact: true }).waitFor();
      await picture(other, 'runbook');
      expect(await accessibilityProblems(other, ['light'])).to.eql([]);
      await other.setViewportSize({ width: 360, height: 740 });
      await other.emulateMedia({ colorScheme: 'dark' });
      await picture(other, 'runbook-phone');
      expect(await accessibilityProblems(other, ['dark'])).to.eql([]);
      const width = await other.evaluate('document.documentElement.scrollWidth');
      expect(width, 'it does not scroll sideways').to.equal(360);
      await other.emulateMedia({ forcedColors: 'active' });
      expect(
        await other.evaluate('getComputedStyle(document.querySelector(":target")).outlineStyle')
      ).to.equal('solid');
      await other.close();
    });

    it('leads from every kind of finding to an actor that there is', async () => {
      const answer = await fetch(`${server.url}/inspect/recording?charts=false`);
      const { messages } = (await answer.json()) as { messages: { name?: string }[] };
      const names = new Set(messages.map(({ name }) => name));
      const missing = [...FINDING_ACTORS.values()].filter((actor) => !names.has(actor));
      // There is no such finding without WEBHOOK_URL.
      expect(missing).to.eql(['webhooks']);
    });

    it('draws each phase of the startup where it began and as long as it took', async () => {
      const { startup } = await statusOf(server.url);
      const rows = page.locator('#phases tr');
      expect(await rows.locator('.phase-name').allTextContents()).to.eql(PHASES);
      const ended = startup.phases.map(({ startedAtMs, tookMs }) => startedAtMs! + tookMs!);
      const axis = await page.locator('#axis').boundingBox();
      const scale = axis!.width / Math.max(...ended);
      for (const [index, { startedAtMs, tookMs }] of startup.phases.entries()) {
        const bar = await rows.nth(index).locator('.bar').boundingBox();
        expect(bar!.x - axis!.x, 'begin').to.be.closeTo(startedAtMs! * scale, 2);
        expect(bar!.width, 'length').to.be.closeTo(Math.max(3, tookMs! * scale), 2);
      }
    });

    it('changes its elements in place, so that a selection and the focus stay', async () => {
      await page.evaluate("kept = document.querySelector('#reasons li')");
      await page.evaluate('getSelection().selectAllChildren(kept)');
      await page.getByRole('link', { name: '/readyz' }).focus();
      const selected = await page.evaluate('String(getSelection())');
      const uptime = (await page.locator('#uptime-text').textContent()) ?? '';
      await page
        .locator('#uptime-text')
        .filter({ hasNotText: new RegExp(`^${uptime}$`) })
        .waitFor();
      expect(selected).to.include('clickhouse');
      expect(await page.evaluate('String(getSelection())')).to.equal(selected);
      expect(await page.evaluate('document.activeElement.textContent')).to.equal('/readyz');
      expect(await page.evaluate('kept.isConnected')).to.equal(true);
    });

    it('keeps nobody out, in light and dark, on a desk and on a phone', async () => {
      await page.evaluate('getSelection().removeAllRanges(); scrollTo(0, 0)');
      await picture(page, 'status-light', true);
      await page.emulateMedia({ colorScheme: 'dark' });
      await picture(page, 'status-dark', true);
      // Check each colour scheme once and each layout once, not each pair: a fault depends on only one of the two.
      expect(await accessibilityProblems(page, ['light'])).to.eql([]);
      await page.setViewportSize({ width: 360, height: 740 });
      await picture(page, 'status-phone', true);
      expect(await accessibilityProblems(page, ['dark'])).to.eql([]);
      const width = await page.evaluate('document.documentElement.scrollWidth');
      expect(width, 'it does not scroll sideways').to.equal(360);
    });

    it('has borders where colors are forced', async () => {
      await page.setViewportSize({ width: 1280, height: 800 });
      await page.emulateMedia({ forcedColors: 'active' });
      await picture(page, 'status-forced-colors', true);
      expect(await borderless(page, ['.pill', '.bar', '.overall', '.overall .glyph'])).to.eql([]);
      await page.emulateMedia({ forcedColors: 'none' });
    });

    it('goes on by itself when the server can be reached again', async () => {
      gate.shut();
      // Makes the page ask now, so that the spec need not wait for its next request.
      await page.evaluate("dispatchEvent(new Event('online'))");
      await heading(page, 'No answer').waitFor();
      expect(await reasons(page).count(), 'what is not known').to.equal(0);
      gate.open();
      await heading(page, 'Degraded').waitFor();
      await page.getByText('No answer for').waitFor({ state: 'hidden' });
      await page.getByText('The last answer came on').waitFor({ state: 'hidden' });
    });

    it('leads to the chat page and back', async () => {
      await page.getByRole('link', { name: 'Chat', exact: true }).click();
      await page.getByRole('dialog', { name: 'Join the conversation' }).waitFor();
      await page.goBack();
      await heading(page, 'Degraded').waitFor();
      expect(problems).to.eql([]);
    });
  });

  it('asks strangers for the API key before it shows the lines of the log', async () => {
    const apiKey = 'k'.repeat(32);
    const server = await startServer({
      env: {
        ENVIRONMENT: 'staging',
        AUTH_JWT_SECRET: 's'.repeat(32),
        API_KEY: apiKey,
        LIMIT_WRONG_KEYS_PER_SECOND: '0'
      }
    });
    const { page, problems } = await openStatusPage(browser, server.url);
    const key = page.getByLabel('API key');
    await key.waitFor();
    expect(await accessibilityProblems(page, ['light', 'dark'])).to.eql([]);
    expect(problems).to.eql([]);
    await key.fill('wrong');
    await page.getByRole('button', { name: 'Show', exact: true }).click();
    await page.getByText('The server does not accept this key.').waitFor();
    await key.fill(apiKey);
    await page.getByRole('button', { name: 'Show', exact: true }).click();
    await page.getByText('The log has none.').waitFor();
    expect(await key.isVisible()).to.equal(false);
    await page.context().close();
    await server.stop();
  });
});
