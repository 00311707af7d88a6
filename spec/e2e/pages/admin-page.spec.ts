import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { accessibilityProblems } from '../../client/pages/axe.js';
import { launchBrowser, picture, problemsOf } from '../../client/pages/browser.js';
import { KEY, PRODUCTION, tokenOf } from '../access/doors.js';
import { startServer, type ServerProcess } from '../servers/server-process.js';
import { WireClient } from '../wire/wire-client.js';

/** Longest wait for what a page should show, in milliseconds. */
const PATIENCE_MS = 25_000;

const panel = (page: Page, name: string) => page.getByRole('region', { name, exact: true });
const row = (page: Page, list: string, text: string) =>
  panel(page, list).locator('tbody tr').filter({ hasText: text });

describe('admin page', function () {
  this.timeout(60_000);
  let browser: Browser;
  let server: ServerProcess;
  let page: Page;
  let problems: readonly string[];
  const clients: WireClient[] = [];

  const come = async (user: string, thread: string): Promise<WireClient> => {
    const client = await WireClient.open(server.url);
    clients.push(client);
    client.send({ type: 'connect', id: 1, token: await tokenOf(user) });
    await client.next('connected');
    await client.ask({ type: 'subscribe', thread });
    return client;
  };
  const open = async (): Promise<Page> => {
    const opened = await (await browser.newContext()).newPage();
    opened.setDefaultTimeout(PATIENCE_MS);
    problems = problemsOf(opened);
    await opened.goto(`${server.url}/admin`);
    return opened;
  };
  const give = async (shown: Page, key: string): Promise<void> => {
    await shown.getByLabel('API key or token').fill(key);
    await shown.getByLabel('API key or token').press('Enter');
  };

  before(async function () {
    browser = await launchBrowser(this);
    server = await startServer({ env: { ...PRODUCTION, ACCESS: 'open' } });
    page = await open();
  });
  after(async () => {
    for (const { socket } of clients) socket.terminate();
    await (browser as Browser | undefined)?.close();
    await (server as ServerProcess | undefined)?.stop();
  });

  it('shows nothing to who has no right, and says what is missing', async () => {
    await page.getByLabel('API key or token').waitFor();
    expect(await accessibilityProblems(page)).to.eql([]);
    await give(page, 'wrong');
    await page.getByText('The server does not accept this key or token.').waitFor();
    await give(page, await tokenOf('mallory', { threads: { 'room:*': ['manage'] } }));
    await page.getByText(/^Not allowed: this is for operators/).waitFor();
    expect(await page.locator('#panels').isVisible()).to.equal(false);
    expect(await page.locator('#panels tbody tr').count()).to.equal(0);
  });

  it('shows who is connected, from where and to which threads', async () => {
    const ada = await come('ada', 'garden');
    await come('bob', 'garden');
    const ack = await ada.ask({
      type: 'publish',
      thread: 'garden',
      mid: 'm1',
      body: { text: 'a secret' },
      expect: 'stored'
    });
    expect(ack.offset).to.equal(1);
    await give(page, KEY);
    await row(page, 'Connections', 'ada').getByText('garden').waitFor();
    await row(page, 'Connections', 'ada').getByText('keeps up').waitFor();
    await row(page, 'Users', 'bob').waitFor();
    await row(page, 'Threads', 'garden').getByText('delivering').waitFor();
    await panel(page, 'Audit log').getByText('Nothing has been done yet.').waitFor();
    await panel(page, 'Webhooks given up').getByText('This server sends no webhooks.').waitFor();
    await panel(page, 'Nodes').getByText('ready').waitFor();
    await panel(page, 'Limits hit')
      .getByText(/^No limit/)
      .waitFor();
  });

  it('searches, and says when there is nothing', async () => {
    const search = page.getByLabel('Search by user, address or id');
    await search.fill('bob');
    await row(page, 'Connections', 'ada').waitFor({ state: 'detached' });
    await search.fill('nobody');
    await panel(page, 'Connections').getByText('Nothing found for “nobody”.').waitFor();
    await search.fill('');
    await row(page, 'Connections', 'ada').waitFor();
  });

  it('keeps nobody out, in light and dark, on a desk and on a phone', async () => {
    await picture(page, 'admin-light', true);
    await page.emulateMedia({ colorScheme: 'dark' });
    await picture(page, 'admin-dark', true);
    expect(await accessibilityProblems(page, ['light'])).to.eql([]);
    await page.setViewportSize({ width: 360, height: 740 });
    await picture(page, 'admin-phone', true);
    expect(await accessibilityProblems(page, ['dark'])).to.eql([]);
    const width = await page.evaluate('document.documentElement.scrollWidth');
    expect(width, 'it does not scroll sideways').to.equal(360);
    await page.setViewportSize({ width: 1280, height: 800 });
  });

  it('does nothing when the dialog is cancelled, and gives the focus back', async () => {
    const button = page.getByRole('button', { name: 'Close: ada', exact: true });
    await button.focus();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Close this connection of ada?' });
    await dialog.getByText('is closed with 3503 (kicked).').waitFor();
    await picture(page, 'admin-confirm');
    expect(await accessibilityProblems(page, ['light'])).to.eql([]);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    const focused = await page.evaluate('document.activeElement.getAttribute("aria-label")');
    expect(focused).to.equal('Close: ada');
    expect(await clients[0]?.ask({ type: 'ping' })).to.include({ type: 'pong' });
  });

  it('closes a connection of a real client with 3503, and the audit log says so', async () => {
    await page.getByRole('button', { name: 'Close: ada', exact: true }).click();
    await page.getByRole('button', { name: 'Close it' }).click();
    expect(await clients[0]?.next('disconnect')).to.include({ code: 3503, reconnect: false });
    await page.getByRole('status').getByText('1 connection of ada closed.').waitFor();
    await row(page, 'Connections', 'ada').waitFor({ state: 'detached' });
    await panel(page, 'Audit log')
      .getByText(/^closed the connection \S+ of ada$/)
      .waitFor();
  });

  it('closes all connections of a user, revokes tokens and accepts them again', async () => {
    await page.getByRole('button', { name: 'Close connections: bob' }).click();
    await page.getByRole('button', { name: 'Close them' }).click();
    expect(await clients[1]?.next('disconnect')).to.include({ code: 3503 });
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    const eve = await come('eve', 'garden');
    await page.getByRole('button', { name: 'Revoke tokens: eve' }).click();
    await page.getByRole('button', { name: 'Revoke them' }).click();
    expect(await eve.next('disconnect')).to.include({ code: 3500 });
    // What is typed behind an open dialog may be lost.
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await page.getByLabel('Search users by name').fill('eve');
    await row(page, 'Users', 'eve').getByText('all issued before').waitFor();
    await page.getByRole('button', { name: 'Accept again: eve' }).click();
    await page.getByRole('button', { name: 'Accept them' }).click();
    const audit = panel(page, 'Audit log');
    await audit.getByText('closed all connections of bob').waitFor();
    await audit.getByText('revoked the tokens of eve').waitFor();
    await audit.getByText('accepted the tokens of eve again').waitFor();
  });

  it('erases a message, after it has said what that means, and tells when there is none', async () => {
    await page.getByRole('button', { name: 'Erase a message: garden' }).click();
    const dialog = page.getByRole('dialog', { name: 'Erase a message of garden?' });
    await dialog.getByLabel('Offset or mid of the message').fill('99');
    await dialog.getByRole('button', { name: 'Erase it' }).click();
    await dialog
      .getByRole('alert')
      .getByText(/^There is nothing like that/)
      .waitFor();
    await dialog.getByLabel('Offset or mid of the message').fill('m1');
    await dialog.getByRole('button', { name: 'Erase it' }).click();
    await page.getByRole('status').getByText('Message 1 of garden is erased.').waitFor();
    await panel(page, 'Audit log').getByText('erased message 1 of garden').waitFor();
    const headers = { 'x-api-key': KEY };
    const kept = await fetch(`${server.url}/api/threads/garden/messages`, { headers });
    expect(await kept.text()).to.not.contain('a secret');
  });

  it('keeps the focus and the rows in place while it refreshes', async () => {
    await come('gus', 'garden');
    await page.getByLabel('Search users by name').fill('');
    const button = page.getByRole('button', { name: 'Revoke tokens: gus' });
    await button.focus();
    await come('hal', 'garden');
    await row(page, 'Users', 'hal').waitFor();
    const focused = await page.evaluate('document.activeElement.getAttribute("aria-label")');
    expect(focused).to.equal('Revoke tokens: gus');
    expect(problems).to.eql([]);
  });

  it('forgets the key, and everything with it', async () => {
    await page.getByRole('button', { name: 'Forget key' }).click();
    await page.getByLabel('API key or token').waitFor();
    expect(await page.locator('#panels tbody tr').count()).to.equal(0);
    expect(await page.evaluate('sessionStorage.length')).to.equal(0);
  });

  it('lets in a user who manages every thread', async () => {
    await give(page, await tokenOf('maud', { threads: { '*': ['manage'] } }));
    await row(page, 'Users', 'gus').waitFor();
    await row(page, 'Audit log', 'closed all connections of bob').waitFor();
    await page.context().close();
  });
});
