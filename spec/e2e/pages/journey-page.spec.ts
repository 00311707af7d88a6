import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { engineIsInstalled } from '../../actors/clickhouse/stores.js';
import { accessibilityProblems } from '../../client/pages/axe.js';
import { borderless, launchBrowser, picture, problemsOf } from '../../client/pages/browser.js';
import { requireTool } from '../../require.js';
import { startGate, type Gate } from './gate.js';
import { startServer, type ServerProcess } from '../servers/server-process.js';
import { WireClient } from '../wire/wire-client.js';

const API_KEY = 'the-key-of-the-operator-0123456789';

/** Longest wait for what a page should show, in milliseconds. */
const PATIENCE_MS = 25_000;

/** Long enough to see that a message is held, and short enough to see that it is reported. */
const GRACE_MS = 3_000;

describe('journey page', function () {
  this.timeout(120_000);
  let browser: Browser;
  let server: ServerProcess;
  let gate: Gate;
  let ada: WireClient;
  let page: Page;
  let problems: readonly string[];

  const heading = (name: string) => page.getByRole('heading', { level: 2, name });
  const steps = async (): Promise<string[]> => await page.locator('.step-title').allTextContents();
  const show = async (mid: string, thread = ''): Promise<void> => {
    await page.getByLabel('Message id').fill(mid);
    await page.getByLabel('Thread (optional)').fill(thread);
    await page.getByRole('button', { name: 'Show' }).click();
  };

  before(async function () {
    browser = await launchBrowser(this);
    requireTool(this, 'chdb', engineIsInstalled(), 'it has no binary for this platform');
    server = await startServer({
      env: { CLICKHOUSE_URL: '', API_KEY, DELIVERY_GRACE_MS: String(GRACE_MS) }
    });
    gate = await startGate(server.url);
    ada = await WireClient.connect(server.url, 'ada');
    await server.line('✅ ClickHouse connected');
    page = await (await browser.newContext({ timezoneId: 'UTC' })).newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    problems = problemsOf(page);
  });

  after(async () => {
    // Undefined when there is no browser and all tests were skipped.
    await (browser as Browser | undefined)?.close();
    await (gate as Gate | undefined)?.stop();
    await (server as ServerProcess | undefined)?.stop();
  });

  it('asks for the key, says when it is wrong, and keeps it for the tab', async () => {
    await ada.subscribe('orders');
    const bob = await WireClient.connect(server.url, 'bob');
    await bob.subscribe('orders');
    await ada.publish('orders', 'order-17', 'order 17 has shipped');
    bob.send({ type: 'mark', id: 'read', thread: 'orders', read: 1 });
    await bob.next('mark');
    await bob.close();
    await page.goto(`${gate.url}/journey.html?mid=order-17`);
    const key = page.getByLabel('API key');
    await key.fill('not-it');
    await key.press('Enter');
    await page.getByText('The key that this tab had is not the server’s.').waitFor();
    await key.fill(API_KEY);
    await page.getByRole('button', { name: 'Use it' }).click();
    await heading('Delivered').waitFor();
    expect(await key.isVisible()).to.equal(false);
    await page.reload();
    await heading('Delivered').waitFor();
  });

  it('takes the key out of its address too, also when it is open', async () => {
    const other = await (await browser.newContext()).newPage();
    const told = other.getByRole('heading', { level: 2, name: 'Delivered' });
    const address = `${gate.url}/journey.html?mid=order-17`;
    await other.goto(`${address}#token=${API_KEY}`);
    await told.waitFor();
    expect(other.url()).to.equal(address);
    expect(await other.evaluate<string>('JSON.stringify([sessionStorage, localStorage])')).to.equal(
      JSON.stringify([{ 'rollcall.api-key': API_KEY }, {}])
    );
    await other.evaluate('sessionStorage.clear(), location.reload()');
    await other.getByLabel('API key').waitFor();
    await other.evaluate(`location.hash = '#token=${API_KEY}'`);
    await told.waitFor();
    expect(other.url()).to.equal(address);
    await other.context().close();
  });

  it('shows every step of a message that arrived, with its times', async () => {
    expect(await steps()).to.eql([
      'Received',
      'Found valid',
      'Stored at offset 1',
      'Acknowledged',
      'Given to 2 subscribers',
      'Read by bob'
    ]);
    const times = await page.locator('.step time').allTextContents();
    for (const time of times) expect(time).to.match(/^\d\d:\d\d:\d\d\.\d{3}$/);
    const after = await page.locator('.after').allTextContents();
    expect(after.slice(2).every((text) => /^\+[\d.]+ m?s/.test(text))).to.equal(true);
    await page.getByText(/^Nothing is outstanding\./).waitFor();
    expect(await page.getByText('order 17 has shipped').count(), 'never the body').to.equal(0);
    await picture(page, 'journey-delivered', true);
  });

  it('goes on by itself while nobody has come, and ends when somebody has', async () => {
    await ada.publish('empty', 'lonely', 'is anybody there?');
    await show('lonely');
    await heading('Waiting for a subscriber').waitFor();
    await page.getByText(/it is reported in \d s/).waitFor();
    await page.getByText(/^Something is outstanding/).waitFor();
    await heading('Not delivered').waitFor();
    await picture(page, 'journey-light', true);
    expect(await page.getByRole('status').textContent()).to.match(/^Not delivered\. /);
    const carol = await WireClient.connect(server.url, 'carol');
    await carol.subscribe('empty');
    await heading('Delivered late').waitFor();
    expect((await steps()).slice(-2)).to.eql([
      'Given to the next subscriber',
      'carol was given it on subscribing'
    ]);
    await page.getByText(/^Nothing is outstanding\./).waitFor();
    await carol.close();
  });

  it('keeps nobody out, in light and dark, on a desk and on a phone', async () => {
    await page.emulateMedia({ colorScheme: 'dark' });
    await picture(page, 'journey-dark', true);
    expect(await accessibilityProblems(page, ['light'])).to.eql([]);
    await page.setViewportSize({ width: 360, height: 740 });
    await page.emulateMedia({ colorScheme: 'dark' });
    await picture(page, 'journey-phone', true);
    expect(await accessibilityProblems(page, ['dark'])).to.eql([]);
    const width = await page.evaluate('document.documentElement.scrollWidth');
    expect(width, 'it does not scroll sideways').to.equal(360);
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.emulateMedia({ forcedColors: 'active' });
    await picture(page, 'journey-forced-colors', true);
    expect(await borderless(page, ['.verdict .glyph', '.dot', '.source', '.verdict'])).to.eql([]);
    await page.emulateMedia({ forcedColors: 'none' });
  });

  it('says why there is nothing to show, in plain words', async () => {
    await show('never');
    await heading('No such message').waitFor();
    await page
      .locator('#message-text')
      .getByText(/it never came here/)
      .waitFor();
    await page.goto(`${gate.url}/journey.html?mid=${'x'.repeat(65)}`);
    await heading('This cannot be asked').waitFor();
    await page.locator('#message-text').getByText('Mid must be 1 to 64 characters.').waitFor();
    expect(await accessibilityProblems(page, ['light'])).to.eql([]);
  });

  it('keeps what it has heard while the server is away, and goes on when it is back', async () => {
    await show('order-17', 'orders');
    await heading('Delivered').waitFor();
    gate.shut();
    await page.getByRole('button', { name: 'Look again' }).click();
    await heading('No answer for now').waitFor();
    await page.getByText(/^Trying again by itself\. Below is how it stood \d+ s ago\.$/).waitFor();
    await heading('Delivered').waitFor();
    gate.open();
    await heading('No answer for now').waitFor({ state: 'hidden' });
  });

  it('is reached from the other pages by keyboard, and goes back through what was asked', async () => {
    await page.goto(`${gate.url}/status.html`);
    await page.getByRole('link', { name: 'Journey', exact: true }).press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Journey of a message' }).waitFor();
    expect(await page.evaluate('document.activeElement.id')).to.equal('mid');
    await page.keyboard.type('order-17');
    await page.keyboard.press('Enter');
    await heading('Delivered').waitFor();
    await show('lonely');
    await heading('Delivered late').waitFor();
    await page.goBack();
    await heading('Delivered').waitFor();
    expect(await page.getByLabel('Message id').inputValue()).to.equal('order-17');
    expect(problems).to.eql([]);
  });
});
