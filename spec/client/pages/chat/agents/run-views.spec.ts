import { expect } from 'chai';
import type { Browser, Locator, Page } from 'playwright-core';
import type { MessageFrame, ServerFrame } from '../../../../../protocol/frames.js';
import { accessibilityProblems } from '../../axe.js';
import { connected, joinedPage, launchBrowser, picture } from '../../browser.js';
import { startFakeServer, type FakeServer } from '../../fake-server.js';

const ORDER = {
  type: 'object',
  required: ['size', 'count', 'name'],
  properties: {
    size: { title: 'Size', enum: ['small', 'medium', 'large'], default: 'medium' },
    count: { title: 'How many', type: 'integer', minimum: 1, maximum: 10 },
    name: { title: 'Name on the box', type: 'string', description: 'As on the bill.' },
    cutlery: { title: 'With cutlery', type: 'boolean' }
  }
};

/** Each spec has a thread of its own on a fake server, in which ada asks and `helper` answers. */
describe('views of runs on the chat page (against the fake server)', function () {
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
    server.rollcall.agents = [{ name: 'helper', description: 'helps' }];
    server.rollcall.thread('club').agent = 'helper';
  });

  afterEach(async () => {
    expect(problems).to.eql([]);
    await page.context().close();
    await server.stop();
  });

  after(async () => {
    await (browser as Browser | undefined)?.close();
  });

  const runs = (of: Page = page): Locator => of.locator('article.run');
  const button = (name: string, of: Locator = runs().last()): Locator =>
    of.getByRole('button', { name, exact: true });
  const own = (): Promise<string[]> => page.locator('.message.own .bubble').allTextContents();

  const entry = (kind: string, body: object, user = 'agent:helper'): MessageFrame => {
    const offset = server.rollcall.thread('club').log.length + 1;
    const place = { thread: 'club', offset, mid: `m${String(offset)}`, at: Date.now() };
    return { type: 'message', ...place, from: { user }, kind, body };
  };
  const tell = (kind: string, body: object): void => {
    server.rollcall.play([entry(kind, body)]);
  };
  const ask = (mid: string, text: string): void => {
    server.rollcall.play([{ ...entry('user_message', { text }, 'ada'), mid }]);
  };
  const begin = (run: string, inReplyTo: string, more: object = {}): void => {
    tell('agent_started', { run, agent: 'helper', inReplyTo, ...more });
  };
  const write = (run: string, at: number, text: string): void => {
    const chunk: ServerFrame<'chunk'> = { type: 'chunk', thread: 'club', run, at, text };
    server.rollcall.play([chunk]);
  };
  const complete = (run: string, text: string, more: object = {}): void => {
    tell('agent_completed', { run, text, ms: 1_234, ...more });
  };
  const join = async (user = 'ada'): Promise<void> => {
    ({ page, problems } = await joinedPage(browser, server.url, user, 'club'));
  };
  /** Looks at the page in light, in dark and on a phone, where nothing may stand out. */
  const look = async (name: string): Promise<void> => {
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await picture(page, `${name}-light`);
    await page.emulateMedia({ colorScheme: 'dark' });
    await picture(page, `${name}-dark`);
    expect(await accessibilityProblems(page), 'wide').to.eql([]);
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.setViewportSize({ width: 390, height: 780 });
    await picture(page, `${name}-phone`);
    expect(await accessibilityProblems(page), 'phone').to.eql([]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).to.equal(390);
  };

  it('wait in line with their place, and can be withdrawn', async () => {
    await join();
    ask('q1', 'first');
    begin('r1', 'q1');
    write('r1', 0, 'I am **at it**, and this takes');
    for (const n of [2, 3]) {
      ask(`q${String(n)}`, `number ${String(n)}`);
      const body = { run: `r${String(n)}`, position: n - 1, inReplyTo: `q${String(n)}` };
      tell('agent_queued', body);
    }
    await runs().nth(1).getByText('Next in line').waitFor();
    await runs().nth(2).getByText('2 answers come before it').waitFor();
    expect(await page.locator('#spoken').textContent()).to.equal('helper will answer later');
    await look('runs-queue');
    const { rollcall } = server;
    rollcall.intercept = (frame, connection) => {
      if (frame.type !== 'withdraw') return false;
      const { run } = frame;
      if (run === 'r3') rollcall.refuse(frame, connection, { code: 'conflict', retry: false });
      else tell('agent_cancelled', { run, by: 'ada', text: '' });
      return true;
    };
    await button('Withdraw', runs().nth(1)).click();
    await runs().nth(1).getByText('Withdrawn by ada').waitFor();
    await button('Withdraw', runs().nth(2)).click();
    await runs().nth(2).getByText('Could not be withdrawn: it has begun already').waitFor();
  });

  it('ask by a form, which the one answers whom it is meant for', async () => {
    await join();
    ask('q1', 'I am hungry');
    begin('r1', 'q1');
    write('r1', 0, 'There is **soup** today.');
    const expiresAt = Date.now() + 240_000;
    const prompt = 'What shall I order?';
    tell('agent_waiting', { run: 'r1', ask: 'a1', prompt, schema: ORDER, expiresAt });
    await button('Answer').waitFor();
    expect(await page.locator('#spoken').textContent()).to.equal(`helper asks: ${prompt}`);
    await button('Answer').click();
    await runs().getByText('This is needed').waitFor();
    expect(await page.evaluate("document.activeElement.getAttribute('aria-invalid')")).to.equal(
      'true'
    );
    await look('runs-ask');
    server.rollcall.intercept = (frame, connection) => {
      if (frame.type !== 'answer') return false;
      server.rollcall.refuse(frame, connection, { code: 'bad_frame', retry: false });
      return true;
    };
    await runs().getByLabel('How many').fill('3');
    await runs().getByLabel('Name on the box').fill('Ada');
    await button('Answer').click();
    await runs().getByText('The agent cannot take this answer. Please check it.').waitFor();
    const value = { size: 'medium', count: 3, name: 'Ada', cutlery: false };
    expect(server.rollcall.receivedOf('answer')).to.have.length(1);
    expect(server.rollcall.receivedOf('answer')[0]).to.deep.include({
      run: 'r1',
      ask: 'a1',
      value
    });
    expect(await runs().getByLabel('Name on the box').inputValue()).to.equal('Ada');
  });

  it('take the first answer when two tabs give one at once, and tell the other', async () => {
    await join();
    const other = await page.context().newPage();
    await other.goto(page.url());
    await connected(other);
    ask('q1', 'delete them');
    begin('r1', 'q1');
    const question = { ask: 'a1', prompt: 'May I?', schema: { type: 'boolean' } };
    tell('agent_waiting', { run: 'r1', ...question, expiresAt: Date.now() + 240_000 });
    for (const one of [page, other]) await button('Yes', runs(one)).waitFor();
    const { rollcall } = server;
    const waiting: (() => void)[] = [];
    rollcall.intercept = (frame, connection) => {
      if (frame.type !== 'answer') return false;
      const isFirst = waiting.length === 0;
      const { id, run, ask: of, value } = frame;
      waiting.push(() => {
        if (!isFirst) rollcall.refuse(frame, connection, { code: 'conflict', retry: false });
        else {
          tell('agent_answered', { run, ask: of, by: 'ada', value });
          connection.send({ type: 'answered', ...(id === undefined ? {} : { id }), run, ask: of });
        }
      });
      // Neither is answered before both have been sent.
      if (waiting.length === 2) for (const decide of waiting) decide();
      return true;
    };
    await button('Yes', runs()).click();
    await runs().locator('form.sending').waitFor();
    await button('No', runs(other)).click();
    await other.locator('#notice').getByText('Somebody was faster').waitFor();
    for (const one of [page, other]) {
      await runs(one).getByText('ada: yes').waitFor();
      expect(await one.locator('form.ask').count()).to.equal(0);
    }
    expect(await page.getByText('Somebody was faster').count()).to.equal(0);
  });

  it('show a question without a form to who may not answer it, and no Stop', async () => {
    server.rollcall.thread('club').may = ['read', 'write'];
    await join('bob');
    ask('q1', 'delete them');
    begin('r1', 'q1');
    const question = { ask: 'a1', prompt: 'May I?', schema: { type: 'boolean' } };
    tell('agent_waiting', { run: 'r1', ...question, expiresAt: Date.now() + 240_000 });
    await runs().getByText('Only ada can answer this, or who manages the thread.').waitFor();
    await runs().getByText('May I?').waitFor();
    expect(await runs().getByRole('button').filter({ visible: true }).allTextContents()).to.eql([]);
    await look('runs-not-mine');
    // Who becomes able to answer gets the form.
    server.rollcall.setMay('club', 'read', 'write', 'manage');
    await button('Yes').waitFor();
    await button('Stop').waitFor();
  });

  it('are leafed through in their place, and one that waits is not shown twice after a reload', async () => {
    await join();
    ask('q1', 'what is tea?');
    begin('r1', 'q1');
    complete('r1', 'Tea is a drink.', { usage: { input: 1_000, output: 300 } });
    ask('q2', 'what is tea?');
    begin('r2', 'q2', { regenerates: 'q1' });
    complete('r2', 'Tea is a hot drink, made of leaves.');
    await runs().getByText('2/2').waitFor();
    ask('q3', 'and coffee?');
    begin('r3', 'q3');
    write('r3', 0, 'Coffee is');
    ask('q4', 'what is tea?');
    tell('agent_queued', { run: 'r4', position: 1, inReplyTo: 'q4', regenerates: 'q1' });
    const first = runs().first();
    await first.getByText('3/3').waitFor();
    expect(await own()).to.eql(['what is tea?', 'and coffee?']);
    await page.reload();
    await connected(page);
    await first.getByText('3/3').waitFor();
    await first.getByText('Next in line').waitFor();
    expect(await own()).to.eql(['what is tea?', 'and coffee?']);
    await button('Version before', first).click();
    await first.getByText('2/3').waitFor();
    await first.getByText('made of leaves').waitFor();
    await look('runs-versions');
    await button('Version before', first).click();
    await first.getByText('1,300 tokens').waitFor();
    tell('agent_cancelled', { run: 'r4', inReplyTo: 'q4', by: 'ada', text: '' });
    await button('Version after', first).click();
    await first.getByText('2/3').waitFor();
  });

  it('say after what time they failed or were stopped, and what one can do', async () => {
    await join();
    ask('q1', 'go');
    begin('r1', 'q1');
    const error = { code: 'provider_busy', message: '429' };
    tell('agent_failed', { run: 'r1', text: 'I begin, and then', error, ms: 2_100, attempt: 2 });
    await runs().getByText('The model is busy. Try again in a minute.').waitFor();
    await runs().getByText('after 2.1 s').waitFor();
    await runs().getByText('Attempt 2: the one before failed').waitFor();
    ask('q2', 'go on');
    begin('r2', 'q2');
    write('r2', 0, '1 2 3');
    tell('agent_cancelled', { run: 'r2', by: 'bob', text: '1 2 3 4', ms: 4_100 });
    await runs().last().getByText('Stopped by bob after 4.1 s').waitFor();
    ask('q3', 'and?');
    begin('r3', 'q3');
    tell('agent_thinking', { run: 'r3', text: 'This is **hard**. I have to look it up.' });
    tell('tool_executing', { run: 'r3', call: 'c1', tool: 'search', args: { query: 'tea' } });
    tell('tool_completed', { run: 'r3', call: 'c1', ok: true, ms: 40, result: { hits: 3 } });
    write('r3', 0, 'There are three:\n\n- green tea\n- black tea\n- and');
    await runs().last().getByText('and', { exact: true }).waitFor();
    const thought = runs().last().locator('.thinking .step-line');
    expect(await thought.textContent()).to.equal('This is hard. I have to look it up.');
    await look('runs-streaming');
    expect(await page.locator('#meanwhile').isVisible()).to.equal(true);
  });
});
