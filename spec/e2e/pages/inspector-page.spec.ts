import { expect } from 'chai';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { accessibilityProblems } from '../../client/pages/axe.js';
import { launchBrowser, picture, problemsOf } from '../../client/pages/browser.js';
import { startBadClickhouse, type BadClickhouse } from '../clickhouse/bad-clickhouse.js';
import {
  launchServer,
  startServer,
  temporaryDir,
  type LaunchedServer,
  type ServerProcess
} from '../servers/server-process.js';
import { WireClient } from '../wire/wire-client.js';

/** Longest wait for what a page should show, in milliseconds. */
const PATIENCE_MS = 25_000;

/** Long enough for the page to show that a message waits, and short enough to wait for its end. */
const GRACE_MS = 1_500;

const TOKEN = 'let+me/look=1';

interface InspectPage {
  readonly page: Page;
  readonly problems: readonly string[];
}

async function openInspector(browser: Browser, url: string, hash = ''): Promise<InspectPage> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const problems = problemsOf(page);
  await page.goto(`${url}/inspect${hash}`);
  return { page, problems };
}

const light = (page: Page, words: string) =>
  page.locator('#link').getByText(words, { exact: true }).waitFor();
const item = (page: Page, name: string) =>
  page.getByRole('treeitem').filter({ has: page.getByText(name, { exact: true }) });
const leaf = (page: Page, state: string) =>
  page.locator(`#paper [data-state="${state}"].is-leaf`).waitFor({ state: 'attached' });
const notice = (page: Page, text: string | RegExp) => page.locator('#notices').getByText(text);

/** Steps back until a state is highlighted. The number of steps depends on what happened in the thread since. */
async function stepBackTo(page: Page, state: string): Promise<void> {
  const place = page.locator('#moment-place');
  for (let steps = 0; steps < 12; steps++) {
    if ((await page.locator(`#paper [data-state="${state}"].is-leaf`).count()) > 0) return;
    const before = (await place.textContent()) ?? '';
    await page.keyboard.press('[');
    await place.filter({ hasNotText: before }).waitFor();
  }
  throw new Error(`${state} was not met`);
}

async function freePort(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? String(address.port) : '0';
}

/** Presses Export and returns the downloaded file. */
async function exported(page: Page, dir: string): Promise<string> {
  const coming = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export', exact: true }).click();
  const path = join(dir, 'exported.json');
  await (await coming).saveAs(path);
  return path;
}

describe('inspector page', function () {
  this.timeout(90_000);
  let browser: Browser;
  let dir: string;

  before(async function () {
    browser = await launchBrowser(this);
    dir = await temporaryDir();
  });

  after(async () => {
    // Undefined when there is no browser and all tests were skipped.
    await (browser as Browser | undefined)?.close();
    if ((dir as string | undefined) !== undefined) await rm(dir, { recursive: true, force: true });
  });

  describe('of a server that starts while somebody looks', () => {
    let clickhouse: BadClickhouse;
    let server: LaunchedServer;
    let opened: InspectPage;
    let env: Record<string, string>;

    before(async () => {
      // Each attempt takes seconds, so the server is still starting during these tests.
      clickhouse = await startBadClickhouse('hanging');
      const port = await freePort();
      env = { PORT: port, CLICKHOUSE_URL: clickhouse.url, CLICKHOUSE_REQUIRED: 'true' };
      server = await launchServer({ env });
      await server.line('Listening on');
      opened = await openInspector(browser, `http://127.0.0.1:${port}`);
      await light(opened.page, 'Live');
      await server.stop('SIGKILL');
      await notice(opened.page, /There is no connection to the server/).waitFor();
      server = await launchServer({ env });
    });

    after(async () => {
      await (server as LaunchedServer | undefined)?.stop('SIGKILL');
      await (clickhouse as BadClickhouse | undefined)?.stop();
    });

    it('comes back by itself and says what keeps the new process from being ready', async () => {
      const { page } = opened;
      await notice(page, /The server was started anew/).waitFor();
      await light(page, 'Live');
      await page.getByRole('heading', { name: 'Still initializing' }).waitFor();
      await page
        .locator('#unwell-rows')
        .getByText(/^waits for attempt 1 of 5; given up in \d+ s$/)
        .waitFor();
      await item(page, 'root').getByText('starting › services').waitFor();
    });

    it('answers at the actor itself: its chart, its state and what it waits for', async () => {
      const { page } = opened;
      await page.locator('#unwell-rows').getByRole('button').first().click();
      await page.getByRole('heading', { level: 1, name: 'clickhouse' }).waitFor();
      await page
        .locator('#subject-waits')
        .getByText(/attempt \d of 5/)
        .waitFor();
      await leaf(page, 'starting.attempting.connecting');
      expect(page.url()).to.match(/#\/actor\/clickhouse$/);
      await picture(page, 'inspector-startup');
    });

    it('steps through the startup from its first phase on', async () => {
      const { page } = opened;
      await item(page, 'root').click();
      const phases = ['infrastructure', 'handlers', 'monitoring', 'services'];
      for (const phase of [...phases].reverse()) {
        await page.keyboard.press('[');
        await leaf(page, `starting.${phase}`);
      }
      await light(page, 'Paused');
      await item(page, 'services').waitFor({ state: 'detached' });
      await page.keyboard.press(']');
      await leaf(page, 'starting.handlers');
      await page.getByRole('button', { name: 'Back to live' }).click();
      await leaf(page, 'starting.services');
      expect(opened.problems).to.eql([]);
    });

    it('keeps what was recorded of the process before until it is let go', async () => {
      const { page } = opened;
      const coming = page.waitForEvent('download');
      await page.getByRole('button', { name: 'Export it' }).click();
      const path = join(dir, 'before.json');
      await (await coming).saveAs(path);
      const before = JSON.parse(await readFile(path, 'utf8')) as { node: string };
      expect(JSON.stringify(before)).to.include('"infrastructure"');
      const now = await (await fetch(page.url().replace(/\/inspect.*$/, '/status'))).json();
      expect(before.node).to.not.equal((now as { node: string }).node);
      await page.getByRole('button', { name: 'Let it go' }).click();
      await notice(page, /The server was started anew/).waitFor({ state: 'detached' });
    });
  });

  describe('of a thread whose messages find nobody', () => {
    let server: ServerProcess;
    let ada: WireClient;
    let opened: InspectPage;
    let file: string;

    before(async () => {
      server = await startServer({
        env: { DELIVERY_GRACE_MS: String(GRACE_MS) }
      });
      ada = await WireClient.connect(server.url, 'ada');
      // Lets the server lay out the chart first: on a busy machine that takes longer than a message waits.
      await ada.publish('before', 'before-1');
      opened = await openInspector(browser, server.url, '#/thread/before');
      await opened.page.locator('#paper [data-state="waiting"]').waitFor({ state: 'attached' });
      await opened.page.evaluate("location.hash = '#/thread/orders'");
      await opened.page.getByText('This thread has no delivery actor').waitFor();
    });

    after(async () => {
      await (server as ServerProcess | undefined)?.stop();
    });

    it('lights the chart as the thread waits, gives up and delivers', async () => {
      const { page } = opened;
      await ada.publish('orders', 'order-1');
      await leaf(page, 'waiting');
      await page
        .locator('#subject-waits')
        .getByText(/^a subscriber; without one/)
        .waitFor();
      await leaf(page, 'undelivered');
      await page
        .locator('#subject-waits')
        .getByText(/an incident is open/)
        .waitFor();
      await picture(page, 'inspector-undelivered');
      const bob = await WireClient.connect(server.url, 'bob');
      await bob.subscribe('orders');
      await leaf(page, 'delivering');
      await page
        .locator('#paper [data-edge="flushing|flush.done|0"].is-last')
        .waitFor({ state: 'attached' });
    });

    it('tells in the log of events what became of each message', async () => {
      const { page } = opened;
      await page.getByRole('tab', { name: 'Events' }).click();
      const rows = page.getByRole('list', { name: 'Events' }).getByRole('listitem');
      await rows.filter({ hasText: 'subscriber.first' }).getByText('flushing').waitFor();
      await ada.publish('orders', 'order-2');
      const row = rows.filter({ hasText: 'delivered' }).filter({ hasText: /^\S+message/ });
      await row.locator('summary').click();
      await row.getByText('"mid": "order-2"').waitFor();
      expect(await row.getByRole('link').getAttribute('href')).to.equal(
        '/journey.html?mid=order-2'
      );
      expect(await row.textContent(), 'its text is not shown').to.include('"bodyChars": ');
    });

    it('draws who said what to whom', async () => {
      const { page } = opened;
      await page.getByRole('tab', { name: 'Sequence' }).click();
      const names = page.locator('.sequence-name');
      await names.getByText('delivery:orders').waitFor();
      expect(await names.allTextContents()).to.include('outside');
      await page.locator('.sequence-state text').getByText('undelivered').waitFor();
      await picture(page, 'inspector-sequence');
    });

    it('steps back through what the thread was in, with what each event changed', async () => {
      const { page } = opened;
      await page.getByRole('tab', { name: 'Context' }).click();
      for (const state of ['delivering', 'flushing', 'undelivered', 'waiting']) {
        await page.getByRole('button', { name: 'Step back' }).click();
        await leaf(page, state);
        if (state !== 'undelivered') continue;
        const changed = page.getByRole('list', { name: 'What the last event changed' });
        await changed.getByText('isIncidentOpen').waitFor();
        expect(await page.locator('#happening').textContent()).to.match(
          /is in undelivered after xstate\.after/
        );
      }
      await picture(page, 'inspector-stepped-back');
      await page.getByRole('button', { name: 'Go on' }).click();
      await leaf(page, 'delivering');
    });

    it('searches threads and shows those of one connection', async () => {
      const { page } = opened;
      await ada.subscribe('lobby');
      await page.getByRole('tab', { name: /^Connections/ }).click();
      await page.getByRole('button', { name: /^ada/ }).click();
      await page.getByText('Threads of ada').waitFor();
      const rows = page.getByRole('list', { name: 'Threads' }).getByRole('listitem');
      await rows.getByText('lobby').waitFor();
      expect(await rows.count()).to.equal(1);
      await page.getByRole('button', { name: 'All connections' }).click();
      await page.getByLabel('Search threads').fill('ord');
      await rows.getByText('orders').waitFor();
      await rows.getByText('lobby').waitFor({ state: 'detached' });
      await picture(page, 'inspector-threads');
    });

    it('keeps nobody out, in light and dark, on a desk and on a phone', async () => {
      const { page } = opened;
      await page.getByRole('tab', { name: /^Actors/ }).click();
      expect(await accessibilityProblems(page, ['light'])).to.eql([]);
      await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
      await picture(page, 'inspector-dark');
      await page.setViewportSize({ width: 390, height: 780 });
      await picture(page, 'inspector-phone-list');
      expect(await accessibilityProblems(page, ['dark'])).to.eql([]);
      await page.emulateMedia({ colorScheme: 'dark' });
      await item(page, 'services').click();
      await page.getByRole('heading', { level: 1, name: 'services' }).waitFor();
      await leaf(page, 'working.running');
      await picture(page, 'inspector-phone-chart');
      const width = await page.evaluate('document.documentElement.scrollWidth');
      expect(width, 'it does not scroll sideways').to.equal(390);
      await page.setViewportSize({ width: 1440, height: 900 });
    });

    it('lets the keys of a tree lead through the actors', async () => {
      const { page } = opened;
      await item(page, 'root').click();
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('ArrowLeft');
      await item(page, 'thread-log').waitFor({ state: 'detached' });
      await page.keyboard.press('ArrowRight');
      await page.keyboard.press('ArrowRight');
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { level: 1, name: 'thread-log' }).waitFor();
    });

    it('loses no key of a tree, however fast they come: here before anything is painted', async () => {
      const { page } = opened;
      await item(page, 'root').click();
      await page.getByRole('heading', { level: 1, name: 'root' }).waitFor();
      await page.evaluate(`
        for (const key of ['ArrowDown', 'ArrowLeft', 'ArrowRight', 'ArrowRight', 'Enter']) {
          document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
        }
      `);
      await page.getByRole('heading', { level: 1, name: 'thread-log' }).waitFor();
    });

    it('is one press away from the status page', async () => {
      const page = await opened.page.context().newPage();
      await page.goto(`${server.url}/status.html`);
      await page.getByRole('link', { name: 'Inspector', exact: true }).click();
      await light(page, 'Live');
      await page.getByRole('heading', { level: 1, name: 'root' }).waitFor();
      // The monitor's findings are listed here too, with the message and the thread.
      const found = page.getByRole('list', { name: 'Findings' });
      const journey = found.getByRole('link', { name: 'Journey of the newest message' });
      expect(await journey.getAttribute('href')).to.match(
        /^\/journey\.html\?mid=.+&thread=before$/
      );
      await found.getByRole('link', { name: 'before in the inspector' }).click();
      await page.getByRole('heading', { level: 1, name: 'before' }).waitFor();
      await page.close();
    });

    it('shows states as a list, and why, where a chart is too large to be laid out', async () => {
      const { page } = await openInspector(browser, server.url);
      await page.route('**/inspect/charts/*', (route) =>
        route.fulfill({
          status: 413,
          json: { title: 'the chart is too large to lay out', detail: 'it has 900 states' }
        })
      );
      await page.reload();
      await page.getByText('the chart is too large to lay out: it has 900 states.').waitFor();
      const states = page.getByRole('list', { name: 'States in this recording' });
      await states.getByText('ready (active)').waitFor();
      await states.getByText('starting', { exact: true }).waitFor();
      await page.context().close();
    });

    it('writes the recording to a file', async () => {
      file = await exported(opened.page, dir);
      const { format, version, charts } = JSON.parse(await readFile(file, 'utf8')) as {
        format: string;
        version: number;
        charts: { chart: string }[];
      };
      expect({ format, version }).to.eql({ format: 'rollcall-recording', version: 1 });
      expect(charts.map(({ chart }) => chart)).to.include.members(['startup', 'delivery']);
      const { page } = opened;
      await notice(page, /^Exported as rollcall-\S+\.json: .* messages, .* charts\.$/).waitFor();
      await picture(page, 'inspector-exported');
      await page.getByRole('button', { name: 'Put away' }).click();
      await notice(page, /^Exported/).waitFor({ state: 'detached' });
      expect(opened.problems).to.eql([]);
    });

    it('opens it again where no server is, with its charts', async () => {
      const { page, problems } = await openInspector(browser, server.url);
      await light(page, 'Live');
      await server.stop();
      await notice(page, /There is no connection to the server/).waitFor();
      await page.getByLabel('A recording to open').setInputFiles(file);
      await light(page, 'From a file: exported.json');
      await leaf(page, 'serving.ready');
      await page.getByRole('tab', { name: /^Threads/ }).click();
      await page.getByRole('button', { name: /^orders/ }).click();
      await page.getByText(/^Not watched since/).waitFor();
      // The page keeps the last chart.
      await leaf(page, 'delivering');
      await picture(page, 'inspector-gone');
      await stepBackTo(page, 'flushing');
      await picture(page, 'inspector-file');
      expect(problems).to.eql([]);
      opened = { page, problems };
    });

    it('says of a damaged file, and of one of another version, what is wrong with it', async () => {
      const { page } = opened;
      const whole = await readFile(file, 'utf8');
      const [cut, other] = [join(dir, 'cut.json'), join(dir, 'other.json')];
      await writeFile(cut, whole.slice(0, -100));
      await page.getByLabel('A recording to open').setInputFiles(cut);
      await notice(
        page,
        /cut\.json was not opened\. The file is damaged: it is not JSON/
      ).waitFor();
      await writeFile(other, whole.replace('"version":1', '"version":2'));
      await page.getByLabel('A recording to open').setInputFiles(other);
      await notice(page, /has version 2 and this page reads version 1/).waitFor();
      await leaf(page, 'flushing');
      await picture(page, 'inspector-refused');
      await page.getByRole('button', { name: 'Put away' }).click();
      await notice(page, /other\.json/).waitFor({ state: 'detached' });
    });
  });

  describe('of a server that asks for a token', () => {
    let server: ServerProcess;
    let page: Page;

    before(async () => {
      server = await startServer({ env: { INSPECT: 'token', INSPECT_TOKEN: TOKEN } });
      ({ page } = await openInspector(browser, server.url, '#/thread/by-hand'));
    });

    after(async () => {
      await (server as ServerProcess | undefined)?.stop();
    });

    it('asks for it, says that a wrong one is wrong, and keeps the right one for the tab', async () => {
      const dialog = page.getByRole('dialog', { name: 'A token, please' });
      await dialog.getByText('the inspector asks for INSPECT_TOKEN').waitFor();
      await dialog.getByLabel('Token of the inspector').fill('wrong');
      await dialog.getByRole('button', { name: 'Look' }).click();
      await dialog.getByText('this is not the INSPECT_TOKEN').waitFor();
      await picture(page, 'inspector-token');
      await dialog.getByLabel('Token of the inspector').fill(TOKEN);
      await dialog.getByRole('button', { name: 'Look' }).click();
      await light(page, 'Live');
      await page.reload();
      await light(page, 'Live');
    });

    it('takes it out of the address too, and does not go away before it has one', async () => {
      const { page: other } = await openInspector(browser, server.url, '#/thread/by-hand');
      const dialog = other.getByRole('dialog', { name: 'A token, please' });
      await dialog.waitFor();
      for (let n = 0; n < 3; n += 1) {
        await other.keyboard.press('Escape');
        await dialog.waitFor();
      }
      await other.evaluate(`location.hash = '#/thread/by-hand&token=${TOKEN}'`);
      await light(other, 'Live');
      await dialog.waitFor({ state: 'hidden' });
      expect(other.url()).to.equal(`${server.url}/inspect#/thread/by-hand`);
      expect(await other.evaluate<string>('JSON.stringify({ ...localStorage })')).to.equal('{}');
      await other.goto('about:blank');
      await other.goto(`${server.url}/inspect#token=${TOKEN}`);
      await light(other, 'Live');
      expect(other.url()).to.not.include(TOKEN);
      await other.close();
    });

    it('sends an actor an event by hand, and says what the server says', async () => {
      const ada = await WireClient.connect(server.url, 'ada');
      await ada.subscribe('by-hand');
      await leaf(page, 'delivering');
      await page.getByRole('tab', { name: 'Send' }).click();
      await page.getByLabel('Event', { exact: true }).selectOption('subscriber.none');
      await page.getByLabel('Fields, as a JSON object').fill('[1]');
      await page.getByRole('button', { name: 'Send the event' }).click();
      await page.getByText('The fields are no JSON object.').waitFor();
      await page.getByLabel('Fields, as a JSON object').fill('{"graceMs": 1000}');
      await page.getByRole('button', { name: 'Send the event' }).click();
      await page
        .getByText('subscriber.none was sent to delivery:by-hand, which took it and is in idle.')
        .waitFor();
      await leaf(page, 'idle');
      await server.line('An event was sent by hand through the inspector');
      await picture(page, 'inspector-send');
      await ada.close();
    });

    it('marks an event that the state ignores, and says that it was ignored', async () => {
      const ada = await WireClient.connect(server.url, 'ada');
      await ada.subscribe('by-hand');
      await leaf(page, 'delivering');
      await page.getByLabel('Event', { exact: true }).selectOption('flush.done');
      await page.getByText('In delivering this actor ignores flush.done').waitFor();
      const marked = page.locator('#send-type option', { hasText: 'flush.done (ignored)' });
      expect(await marked.count()).to.equal(1);
      await page.getByLabel('Fields, as a JSON object').fill('{}');
      await page.getByRole('button', { name: 'Send the event' }).click();
      await page
        .getByText('flush.done was sent to delivery:by-hand, which ignored it: no transition')
        .waitFor();
      await leaf(page, 'delivering');
      await picture(page, 'inspector-send-ignored');
      await ada.close();
    });
  });
});
