import { expect } from 'chai';
import type { Browser, Locator, Page } from 'playwright-core';
import { accessibilityProblems } from '../axe.js';
import { joinedPage, launchBrowser, picture, say } from '../browser.js';
import { startFakeServer, type FakeServer } from '../fake-server.js';

describe('members on the chat page (against the fake server)', function () {
  this.timeout(60_000);
  let browser: Browser;
  let server: FakeServer;
  let page: Page;
  let problems: string[];

  before(async function () {
    browser = await launchBrowser(this);
  });

  beforeEach(async () => {
    server = await startFakeServer();
    const made = server.rollcall.thread('club');
    made.owner = 'olga';
    made.members.set('max', 'member').set('ruth', 'reader');
  });

  afterEach(async () => {
    expect(problems).to.eql([]);
    await page.context().close();
    await server.stop();
  });

  after(async () => {
    await (browser as Browser | undefined)?.close();
  });

  const join = async (user: string): Promise<void> => {
    ({ page, problems } = await joinedPage(browser, server.url, user, 'club'));
  };
  const panel = (): Locator => page.getByRole('dialog', { name: 'Members of club' });
  const rows = (): Promise<string[]> => panel().locator('.member-name').allTextContents();
  const open = async (user: string): Promise<void> => {
    await join(user);
    await page.getByRole('button', { name: 'Members' }).click();
    await panel().getByText('ruth').waitFor();
  };

  it('shows owner and members to a member, who cannot change them, and keeps up', async () => {
    await open('max');
    expect(await rows()).to.eql(['olga', 'max (you)', 'ruth']);
    expect(await panel().locator('.member-role').allTextContents()).to.eql([
      'owner',
      'reads and writes',
      'reads only'
    ]);
    await panel().getByText('cannot change them: the owner can.').waitFor();
    expect(await panel().getByRole('button').allTextContents()).to.eql(['Close']);
    server.rollcall.setMember('club', 'eve', 'reader', 'olga');
    await panel().getByText('eve').waitFor();
    expect(await accessibilityProblems(page)).to.eql([]);
    await page.keyboard.press('Escape');
    await panel().waitFor({ state: 'hidden' });
  });

  it('lets the owner add, change and remove by keyboard', async () => {
    await open('olga');
    await panel().getByLabel('Name of the new member').fill('eve');
    await panel().getByLabel('Name of the new member').press('Enter');
    await panel().getByText('eve reads and writes.').waitFor();
    expect(server.rollcall.thread('club').members.get('eve')).to.equal('member');
    const role = panel().getByLabel('What ruth may do');
    await role.focus();
    await role.selectOption('member');
    await panel().getByText('ruth reads and writes.').waitFor();
    expect(await page.evaluate<string>('document.activeElement.ariaLabel')).to.equal(
      'What ruth may do'
    );
    await panel().getByRole('button', { name: 'Remove max' }).focus();
    await page.keyboard.press('Enter');
    await panel().getByText('max was removed.').waitFor();
    expect(await rows()).to.eql(['olga (you)', 'eve', 'ruth']);
    expect(await page.evaluate<string>('document.activeElement.id')).to.equal('member-name');
    expect(await accessibilityProblems(page)).to.eql([]);
    await page.emulateMedia({ colorScheme: 'dark' });
    await picture(page, 'chat-members-dark');
    await page.setViewportSize({ width: 360, height: 640 });
    await page.emulateMedia({ colorScheme: 'light' });
    await picture(page, 'chat-members-phone');
    const wide = await page.evaluate<number>("document.getElementById('members').scrollWidth");
    expect(wide).to.be.at.most(360);
  });

  it('lets everybody manage who may, and follows a change of the owner', async () => {
    server.rollcall.thread('club').may = ['read', 'write', 'manage'];
    await open('max');
    expect(await rows()).to.eql(['olga', 'max (you)', 'ruth']);
    await panel().getByRole('button', { name: 'Remove ruth' }).focus();
    await page.keyboard.press('Enter');
    await panel().getByText('ruth was removed.').waitFor();
    server.rollcall.setOwner('club', 'nora');
    await panel().getByText('nora').waitFor();
    expect(await rows()).to.eql(['nora', 'max (you)']);
    server.rollcall.setMay('club', 'read', 'write');
    await panel().getByText('cannot change them: the owner can.').waitFor();
    expect(await panel().getByRole('button').allTextContents()).to.eql(['Close']);
  });

  it('says to a reader that it may only read, keeps the draft, and lets it write once it may', async () => {
    server.rollcall.thread('club').may = ['read'];
    await join('ruth');
    const field = page.getByLabel('Message', { exact: true });
    await page.getByText('You may only read here.').waitFor();
    expect(await field.isEditable()).to.equal(false);
    expect(await page.getByRole('button', { name: 'Send' }).isVisible()).to.equal(false);
    expect(await accessibilityProblems(page)).to.eql([]);
    await page.setViewportSize({ width: 360, height: 640 });
    await page.emulateMedia({ colorScheme: 'dark' });
    await picture(page, 'chat-reader-phone-dark');
    server.rollcall.setMay('club', 'read', 'write');
    await page.getByText('You may only read here.').waitFor({ state: 'hidden' });
    await field.fill('half a sen');
    server.rollcall.setMay('club', 'read');
    await page.getByText('You may only read here.').waitFor();
    await field.press('Enter');
    expect(await field.inputValue()).to.equal('half a sen');
    server.rollcall.setMay('club', 'read', 'write');
    await page.getByText('You may only read here.').waitFor({ state: 'hidden' });
    await field.press('Enter');
    await page.getByRole('log').getByText('half a sen').waitFor();
    expect(server.rollcall.thread('club').log).to.have.length(1);
  });

  it('says why a change was refused', async () => {
    await open('olga');
    server.rollcall.thread('club').owner = 'somebody-else';
    await panel().getByRole('button', { name: 'Remove max' }).click();
    await panel().getByText('You may not change the members here').waitFor();
    expect(await rows()).to.eql(['olga (you)', 'max', 'ruth']);
  });

  it('says that the thread may no longer be read and what to do, and comes back', async () => {
    await open('max');
    server.rollcall.forbid('club');
    await page.getByRole('heading', { name: 'You can no longer read club' }).waitFor();
    expect(await panel().isVisible()).to.equal(false);
    expect(await page.getByLabel('Message', { exact: true }).isVisible()).to.equal(false);
    expect(await accessibilityProblems(page)).to.eql([]);
    await page.emulateMedia({ colorScheme: 'dark' });
    await picture(page, 'chat-forbidden-dark');
    const again = page.getByRole('button', { name: 'Try again' });
    await again.click();
    await page.getByRole('heading', { name: 'You can no longer read club' }).waitFor();
    server.rollcall.forbidden.clear();
    await again.click();
    await page.getByLabel('Message', { exact: true }).waitFor();
    await say(page, 'back again');
    await page.getByRole('log').getByText('back again').waitFor();
  });

  it('says that a thread may not be read that never could be', async () => {
    server.rollcall.forbid('club');
    await join('stranger');
    await page.getByRole('heading', { name: 'You may not read club' }).waitFor();
    await page.getByText('You are signed in as stranger.').waitFor();
    await page.evaluate("location.hash = '#/t/lobby'");
    await page.getByLabel('Message', { exact: true }).waitFor();
    expect(await page.getByRole('heading', { name: 'You may not read club' }).count()).to.equal(0);
  });
});
