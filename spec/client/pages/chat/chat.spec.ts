import { expect } from 'chai';
import type { Browser } from 'playwright-core';
import {
  connected,
  joinedPage,
  launchBrowser,
  problemsOf,
  say,
  texts,
  type JoinedPage
} from '../browser.js';
import { startFakeServer, type FakeServer } from '../fake-server.js';

describe('chat page (against the fake server)', function () {
  this.timeout(60_000);
  let browser: Browser;
  let server: FakeServer;
  const open: JoinedPage[] = [];

  async function join(user: string, thread = 'lobby'): Promise<JoinedPage['page']> {
    const joined = await joinedPage(browser, server.url, user, thread);
    open.push(joined);
    return joined.page;
  }

  before(async function () {
    browser = await launchBrowser(this);
  });

  after(async () => {
    // Undefined when there was no browser and all was skipped.
    await (browser as Browser | undefined)?.close();
  });

  beforeEach(async () => {
    server = await startFakeServer();
    server.rollcall.reconnect = { firstJitterMs: 20, minMs: 20, maxMs: 50 };
  });

  afterEach(async () => {
    const problems = open.flatMap((joined) => joined.problems);
    for (const { page } of open.splice(0)) await page.context().close();
    await server.stop();
    expect(problems).to.eql([]);
  });

  it('shows what people write as text, never as markup', async () => {
    server.rollcall.say('lobby', 'bob', { text: '<img src=x onerror=alert(1)><b>b</b>' });
    const page = await join('ada');
    await page.getByText('<b>b</b>').waitFor();
    expect(await page.getByRole('log').locator('img, b:text-is("b")').count()).to.equal(0);
  });

  it('goes on asking who one is when the dialog is closed, and loses nothing that was typed', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(server.url);
    const join = page.getByRole('button', { name: 'Join' });
    await join.waitFor();
    await page.evaluate("document.getElementById('sign-in').close()");
    await join.waitFor();
    await page.getByLabel('Your name').fill('ada');
    await join.click();
    await connected(page);
    await page.getByRole('button', { name: 'Change' }).click();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await join.waitFor({ state: 'hidden' });
    await say(page, 'still me');
    await page.getByRole('log').getByText('still me').waitFor();
    expect(server.rollcall.thread('lobby').log.at(-1)?.from.user).to.equal('ada');
    await context.close();
  });

  it('shows the whole log whatever is written, and no name turned round', async () => {
    server.rollcall.say('lobby', '\u202enimda', { text: `${'# '.repeat(6_000)}x` });
    server.rollcall.say('lobby', 'bob', { text: '**bold** words' });
    server.rollcall.say('lobby', 'bob', { text: '> as they stand' });
    const page = await join('ada', 'elsewhere');
    // Simulates a bug in the drawing of bold text.
    await page.evaluate(`
      const make = document.createElement;
      document.createElement = function (tag) {
        if (tag === 'strong') throw new Error('no strong');
        return make.call(this, tag);
      };
    `);
    server.rollcall.say('elsewhere', 'bob', { text: '**not drawn** it is' });
    server.rollcall.say('elsewhere', 'bob', { text: 'behind them' });
    await page.getByRole('log').getByText('behind them').waitFor();
    expect(await texts(page)).to.eql(['**not drawn** it is', 'behind them']);
    expect(open.at(-1)?.problems.splice(0)).to.eql(['no strong']);
    await page.reload();
    await page.evaluate(`location.hash = '#/t/lobby'`);
    await page.getByRole('log').getByText('as they stand').waitFor();
    expect(await texts(page)).to.have.length(3);
    expect(await page.content())
      .to.include('\ufffdnimda')
      .and.not.include('\u202e');
  });

  it('works where the browser blocks storage', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    open.push({ page, problems: problemsOf(page) });
    await page.addInitScript(`
      for (const name of ['localStorage', 'sessionStorage']) {
        Object.defineProperty(window, name, {
          get() { throw new DOMException('blocked', 'SecurityError'); }
        });
      }
    `);
    await page.goto(`${server.url}/?user=ada#/t/lobby`);
    await page.getByRole('button', { name: 'Join' }).click();
    await connected(page);
    await say(page, 'here I am');
    await page.getByRole('log').getByText('here I am').waitFor();
  });

  it('opens the threads of a phone for the keyboard, and gives the focus back', async () => {
    const page = await join('ada');
    await page.setViewportSize({ width: 390, height: 780 });
    // Waits until the drawer has slid away: until then its elements can take the focus.
    await page.locator('#goto-thread').waitFor({ state: 'hidden' });
    await page.getByRole('button', { name: 'Threads' }).press('Enter');
    const focused = (): Promise<string> => page.evaluate<string>('document.activeElement.id');
    expect(await focused()).to.equal('goto-thread');
    for (let n = 0; n < 12; n += 1) {
      await page.keyboard.press('Tab');
      expect(await page.evaluate('document.activeElement.closest("main") === null')).to.equal(true);
    }
    await page.keyboard.press('Escape');
    expect(await focused()).to.equal('menu');
  });

  it('keeps a failed message with its reason, and sends it on retry', async () => {
    const page = await join('ada');
    server.rollcall.intercept = (frame, connection) => {
      if (frame.type !== 'publish') return false;
      server.rollcall.refuse(frame, connection, { code: 'forbidden', retry: false });
      return true;
    };
    await say(page, 'please');
    await page.getByText('Not sent: refused by the spec').waitFor();
    server.rollcall.intercept = () => false;
    await page.getByRole('button', { name: 'Retry' }).click();
    await page.getByText('Not sent').waitFor({ state: 'detached' });
    expect(server.rollcall.thread('lobby').log.map(({ body }) => body)).to.eql([
      { text: 'please' }
    ]);
    const mids = server.rollcall.receivedOf('publish').map(({ mid }) => mid);
    expect(new Set(mids).size).to.equal(1);
  });

  it('says by how much a text is too long before it is sent, and sends it when it is not', async () => {
    server.rollcall.frameBytes = 300;
    const page = await join('ada');
    const field = page.getByLabel('Message', { exact: true });
    await say(page, 'x'.repeat(301));
    const words = await page.locator('#composer-over').textContent();
    const over = Number(/^(\d+) bytes too long for one message$/.exec(words ?? '')?.[1]);
    expect(over).to.be.within(2, 300);
    await page
      .getByRole('alert')
      .getByText(`Not sent. ${words ?? ''}`)
      .waitFor();
    expect(await field.getAttribute('aria-invalid')).to.equal('true');
    expect(server.rollcall.receivedOf('publish')).to.eql([]);
    await say(page, 'x'.repeat(301 - over));
    await page.getByRole('log').getByText('xxx').waitFor();
    expect(server.rollcall.receivedOf('publish')).to.have.length(1);
    expect(await page.locator('#composer-over').isHidden()).to.equal(true);
  });

  it('leaves a message that a smaller limit refuses where it was written, to be edited', async () => {
    const page = await join('ada');
    await say(page, 'first');
    await page.getByRole('log').getByText('first').waitFor();
    // The message is written offline; after the reconnect the server accepts only smaller ones.
    server.rollcall.refusals = Infinity;
    server.rollcall.closeAll(3001, 'shutdown');
    await page.getByRole('img', { name: 'waiting' }).waitFor();
    await say(page, 'y'.repeat(301));
    await page.getByText('Sending…').waitFor();
    server.rollcall.frameBytes = 300;
    server.rollcall.refusals = 0;
    await page.getByText(/^Not sent: \d+ bytes too long/).waitFor();
    expect(await page.getByRole('button', { name: 'Retry' }).count()).to.equal(0);
    server.rollcall.say('lobby', 'bob', { text: 'later' });
    await page.getByRole('log').getByText('later').waitFor();
    expect(await texts(page)).to.eql(['first', 'y'.repeat(301), 'later']);
    await page.getByRole('button', { name: 'Edit' }).click();
    await page.getByText(/^Not sent/).waitFor({ state: 'detached' });
    expect(await texts(page)).to.eql(['first', 'later']);
    const field = page.getByLabel('Message', { exact: true });
    expect(await field.inputValue()).to.equal('y'.repeat(301));
    await say(page, 'short');
    await page.getByRole('log').getByText('short').waitFor();
  });

  it('counts the first message after scrolling up, and leaves it unread', async () => {
    for (let i = 1; i <= 40; i++) server.rollcall.say('lobby', 'bob', { text: `n${String(i)}` });
    const page = await join('ada');
    await page.getByText('n40', { exact: true }).waitFor();
    await page.evaluate("document.getElementById('log-scroll').scrollTop = 50");
    await page.getByRole('button', { name: 'Jump to latest' }).waitFor();
    server.rollcall.say('lobby', 'bob', { text: 'n41' });
    await page.getByRole('button', { name: '1 new message' }).waitFor();
    // Opening another thread sends the pending read mark.
    await page.evaluate("location.hash = '#/t/other'");
    await page.getByRole('heading', { name: 'other' }).waitFor();
    await say(page, 'all frames before this one have come');
    await page.getByRole('log').getByText('all frames').waitFor();
    const marks = server.rollcall.receivedOf('mark').filter(({ thread }) => thread === 'lobby');
    expect(marks.at(-1)?.read).to.equal(40);
  });

  it('forgets a failed message when it is discarded', async () => {
    const page = await join('ada');
    server.rollcall.intercept = (frame, connection) => {
      if (frame.type === 'publish') {
        server.rollcall.refuse(frame, connection, { code: 'forbidden', retry: false });
      }
      return frame.type === 'publish';
    };
    await say(page, 'please');
    await page.getByRole('button', { name: 'Discard' }).click();
    await page.getByText('Nothing here yet').waitFor();
  });

  it('sends after a reload what was on its way before, once', async () => {
    const page = await join('ada');
    server.rollcall.intercept = ({ type }) => type === 'publish';
    await say(page, 'do not lose me');
    await page.getByText('Sending…').waitFor();
    await page.reload();
    await page.getByText('Sending…').waitFor();
    server.rollcall.intercept = () => false;
    // The server has not answered the attempts so far; the page sends the message again when it reconnects.
    server.rollcall.closeAll(1006, '');
    await page.getByText('Sending…').waitFor({ state: 'detached' });
    expect(await texts(page)).to.eql(['do not lose me']);
    await page.reload();
    await page.getByRole('log').getByText('do not lose me').waitFor();
    expect(server.rollcall.thread('lobby').log).to.have.length(1);
  });

  it('marks a gap when messages were trimmed while it was away', async () => {
    server.rollcall.say('lobby', 'bob', { text: 'before' });
    const page = await join('ada');
    await page.getByText('before').waitFor();
    server.rollcall.closeAll(3001, 'shutdown');
    for (let i = 2; i <= 5; i++) server.rollcall.say('lobby', 'bob', { text: `away ${String(i)}` });
    server.rollcall.thread('lobby').first = 5;
    await page.getByText('3 messages missing here').waitFor();
    await page.getByText('away 5').waitFor();
    expect(await texts(page)).to.eql(['before', 'away 5']);
  });

  it('says who is here and who types', async () => {
    const ada = await join('ada');
    const bob = await join('bob');
    await ada.getByText('bob and you are here').waitFor();
    await bob.getByLabel('Message', { exact: true }).pressSequentially('hm');
    await ada.getByText('bob is typing…').waitFor();
    await bob.getByLabel('Message', { exact: true }).fill('');
    await ada.getByText('bob is typing…').waitFor({ state: 'detached' });
  });

  it('asks for a token when the server wants one, and says when it is wrong', async () => {
    server.rollcall.token = 'right';
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`${server.url}/?user=ada`);
    await page.getByRole('button', { name: 'Join' }).click();
    await page.getByLabel('Token').fill('wrong');
    await page.getByLabel('Token').press('Enter');
    await page.getByText('The token was not accepted').waitFor();
    await page.getByLabel('Token').fill('right');
    await page.getByLabel('Token').press('Enter');
    await connected(page);
    await context.close();
  });

  it('loads history on scrolling up without moving what is read', async () => {
    for (let i = 1; i <= 130; i++) server.rollcall.say('lobby', 'bob', { text: `n${String(i)}` });
    const page = await join('ada');
    await page.getByText('n130', { exact: true }).waitFor();
    expect(await texts(page)).to.have.length(50);
    const toTop = "document.getElementById('log-scroll').scrollTop = 0";
    const first = page.getByText('n81', { exact: true });
    await page.evaluate(toTop);
    await page.getByText('n31', { exact: true }).waitFor({ state: 'attached' });
    const box = await first.boundingBox();
    expect(box?.y, 'where n81 stands').to.be.within(60, 260);
    await page.evaluate(toTop);
    await page.getByText('n1', { exact: true }).waitFor({ state: 'attached' });
    expect(await texts(page)).to.eql(Array.from({ length: 130 }, (_, i) => `n${String(i + 1)}`));
    server.rollcall.say('lobby', 'bob', { text: 'n131' });
    await page.getByRole('button', { name: '1 new message' }).click();
    await page.getByText('n131', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'new message' }).waitFor({ state: 'hidden' });
  });

  it('scrolls up through 5,000 messages, each once, in bounded space and without a hitch', async () => {
    const first = Date.now() - 5_000 * 60_000;
    for (let i = 1; i <= 5_000; i++) {
      const user = i % 7 < 4 ? 'bob' : 'cy';
      server.rollcall.say('lobby', user, { text: String(i) }, undefined, first + i * 60_000);
    }
    const page = await join('ada');
    await page.getByText('5000', { exact: true }).waitFor();
    const seen = await page.evaluate<{
      rows: number;
      holes: number;
      mostChanged: number;
      last: number;
    }>(
      `(async () => {
        const log = document.getElementById('log-scroll');
        const shown = document.getElementById('log');
        const seen = { rows: 0, holes: 0, mostChanged: 0, last: 0 };
        let changed = 0;
        const changes = new MutationObserver((records) => {
          for (const { addedNodes, removedNodes } of records) changed += addedNodes.length + removedNodes.length;
        });
        changes.observe(shown, { childList: true });
        let oldest = 0;
        while (oldest !== 1) {
          log.scrollTop = 0;
          await new Promise((resolve) => requestAnimationFrame(resolve));
          seen.mostChanged = Math.max(seen.mostChanged, changed);
          changed = 0;
          const bubbles = shown.getElementsByClassName('bubble');
          const now = Number(bubbles[0].textContent);
          if (now === oldest) continue;
          oldest = now;
          seen.last = Number(bubbles[bubbles.length - 1].textContent);
          seen.rows = Math.max(seen.rows, shown.childElementCount);
          if (seen.last - oldest + 1 !== bubbles.length) seen.holes += 1;
        }
        return seen;
      })()`
    );
    expect(seen).to.include({ holes: 0, last: 2_000 });
    expect(seen.rows, 'rows on the page').to.be.within(2_000, 2_010);
    // 100 messages are added and 100 removed, with their day lines. More changes would make the frame slow.
    expect(seen.mostChanged, 'rows changed in a frame').to.be.within(1, 210);
    const all = (await texts(page)).map(Number);
    expect(all).to.eql(Array.from({ length: 2_000 }, (_, i) => i + 1));
    await page.getByRole('button', { name: 'Jump to latest' }).click();
    await page.getByText('5000', { exact: true }).waitFor();
    expect(await texts(page)).to.have.length(50);
  });

  it('loads what is missing in the middle into its place', async () => {
    const page = await join('ada');
    server.rollcall.say('lobby', 'bob', { text: 'one' });
    await page.getByText('one', { exact: true }).waitFor();
    // The server does not send the next two messages, so that a gap appears.
    for (const connection of server.rollcall.connections) connection.threads.clear();
    for (const text of ['two', 'three']) server.rollcall.say('lobby', 'bob', { text });
    for (const connection of server.rollcall.connections) connection.threads.add('lobby');
    server.rollcall.say('lobby', 'bob', { text: 'four' });
    await page.getByText('2 messages missing here').waitFor();
    expect(await texts(page)).to.eql(['one', 'four']);
    await page.getByRole('button', { name: 'Load them' }).click();
    await page.getByText('missing here').waitFor({ state: 'detached' });
    expect(await texts(page)).to.eql(['one', 'two', 'three', 'four']);
  });

  it('goes to another thread by its list, by its field and by the address', async () => {
    const page = await join('ada');
    await say(page, 'in the lobby');
    await page.getByRole('log').getByText('in the lobby').waitFor();
    await page.getByLabel('Thread to open').fill('design');
    await page.getByLabel('Thread to open').press('Enter');
    await page.getByRole('heading', { name: 'design' }).waitFor();
    await say(page, 'in design');
    await page.getByRole('log').getByText('in design').waitFor();
    await page.getByRole('link', { name: 'lobby' }).click();
    await page.getByRole('log').getByText('in the lobby').waitFor();
    expect(await texts(page)).to.eql(['in the lobby']);
    await page.goBack();
    await page.getByRole('log').getByText('in design').waitFor();
  });

  it('counts what is unread in other threads, as it comes or within 5 seconds', async () => {
    for (const thread of ['design', 'ops']) server.rollcall.say(thread, 'ada', { text: 'mine' });
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.clock.install();
    await page.goto(`${server.url}/?user=ada#/t/lobby`);
    await page.getByRole('button', { name: 'Join' }).click();
    await page.getByRole('link', { name: /^design.*1 unread$/ }).waitFor();
    // When nobody has the thread open, the server sends the message to the owner without a subscription.
    const owned = server.rollcall.say('design', 'bob', { text: 'come and see' });
    for (const connection of server.rollcall.connections) {
      connection.send({ ...owned, fallback: true });
    }
    await page.getByRole('link', { name: /^design.*bob: come and see.*2 unread$/ }).waitFor();
    server.rollcall.say('ops', 'bob', { text: 'deployed' });
    await page.clock.runFor(5_000);
    await page.getByRole('link', { name: /^ops.*bob: deployed.*2 unread$/ }).waitFor();
    await context.close();
  });

  it('opens a thread at the message that a link names, and marks it', async () => {
    for (let i = 1; i <= 400; i++) server.rollcall.say('lobby', 'bob', { text: `n${String(i)}` });
    const { mid } = server.rollcall.thread('lobby').log[99] ?? { mid: '' };
    const page = await join('ada', `lobby/100/${mid}`);
    const marked = page.locator('.message.marked');
    await marked.getByText('n100', { exact: true }).waitFor();
    expect(await page.evaluate('document.activeElement.className')).to.include('marked');
    const all = await texts(page);
    expect([all[0], all.at(-1)]).to.eql(['n25', 'n124']);
    const box = await marked.boundingBox();
    expect(box?.y, 'where it stands').to.be.within(100, 600);
    await page.getByRole('button', { name: 'Jump to latest' }).click();
    await page.getByText('n400', { exact: true }).waitFor();
    await page.evaluate("location.hash = '#/t/lobby/100/of-another-epoch'");
    await page.getByText('The message that this link leads to is not here').waitFor();
    expect((await texts(page)).at(-1)).to.equal('n400');
  });

  it('has a menu for each message: by keyboard, by mouse, and one stop of the Tab key', async () => {
    for (const text of ['one', 'two']) server.rollcall.say('lobby', 'bob', { text });
    const page = await join('ada');
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.getByText('two', { exact: true }).waitFor();
    await page.locator('#log-scroll').focus();
    await page.keyboard.press('Tab');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Enter');
    const menu = page.getByRole('menu', { name: 'About this message' });
    await menu.waitFor();
    const focused = (): Promise<string> => page.evaluate('document.activeElement.textContent');
    expect(await focused()).to.equal('Copy link');
    await page.keyboard.press('ArrowDown');
    expect(await focused()).to.equal('Journey');
    const { mid } = server.rollcall.thread('lobby').log[0] ?? { mid: '' };
    expect(await menu.getByRole('menuitem', { name: 'Journey' }).getAttribute('href')).to.equal(
      `/journey.html?mid=${mid}&thread=lobby`
    );
    await page.keyboard.press('Home');
    await page.keyboard.press('Enter');
    await page.getByText('Link copied.').waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).to.equal(
      `${server.url}/?user=ada#/t/lobby/1/${mid}`
    );
    expect(await focused()).to.equal('⋯');
    await page.getByText('two', { exact: true }).hover();
    await page.getByRole('button', { name: 'Menu of the message: bob' }).last().click();
    await menu.waitFor();
    await page.keyboard.press('Escape');
    await menu.waitFor({ state: 'hidden' });
  });

  it('tells the author what has become of a message: stored, delivered, read', async () => {
    const ada = await join('ada');
    await say(ada, 'anybody?');
    await ada.getByText('✓ Stored').waitFor();
    await ada.getByRole('article', { name: /^ada, .*, Stored$/ }).waitFor();
    const bob = await join('bob', 'elsewhere');
    server.rollcall.intercept = ({ type }) => type === 'mark';
    await bob.evaluate("location.hash = '#/t/lobby'");
    await ada.getByText('✓✓ Delivered').waitFor();
    server.rollcall.intercept = () => false;
    await say(bob, 'here');
    await ada.getByText('✓✓ Read by bob').waitFor();
    await ada.getByRole('article', { name: /^ada, .*, Read by bob$/ }).waitFor();
    expect(await ada.locator('.fate').allTextContents()).to.eql(['✓✓ Read by bob']);
    await ada.reload();
    await ada.getByText('✓✓ Read by bob').waitFor();
  });

  it('starts a new line on Shift+Enter', async () => {
    const page = await join('ada');
    await page.getByLabel('Message', { exact: true }).pressSequentially('one');
    await page.keyboard.press('Shift+Enter');
    await page.keyboard.type('two');
    await page.keyboard.press('Enter');
    await page.getByRole('log').getByText('one').waitFor();
    expect(await texts(page)).to.eql(['one\ntwo']);
  });

  it('stops and says why when it is kicked', async () => {
    const page = await join('ada');
    server.rollcall.closeAll(3503, 'kicked');
    await page.getByText('An operator has ended your connection.').waitFor();
    await page.getByRole('button', { name: 'Sign in again' }).click();
    await page.getByRole('button', { name: 'Join' }).click();
    await connected(page);
  });
});
