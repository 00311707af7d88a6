import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { accessibilityProblems } from '../../axe.js';
import { joinedPage, launchBrowser, picture } from '../../browser.js';
import { startFakeServer, type FakeServer } from '../../fake-server.js';
import { ATTACKS } from './attacks.js';

/** One message with every kind of markup. */
const EVERYTHING = `# What happened
The checkout was **slow**, *not* down; ~~all~~ some calls took \`30 s\`. See
[the report](https://reports.example.org/2026/11?id=7) or https://status.example.org/now.

1. Find the cause
   - the pool was empty
   - nobody had *noticed*
2. Mend it
   - [x] a larger pool
   - [ ] an alarm

> It worked yesterday.
> > It did not.

| Service | Calls | Slowest | Owner | What was done about it |
| :-- | --: | :-: | --- | --- |
| checkout | 1,204 | 30 s | ada | The pool has 40 connections, and the alarm comes at 30 |
| search | 88 | \`2 s\` | bob | Nothing |

---

\`\`\`ts
const pool = createPool({ max: 40 }); // a long line that does not fit into a message on a phone, and so it scrolls
await pool.ready();
\`\`\``;

/** Attributes that elements of the log may have. */
const ATTRIBUTES = [
  ...['class', 'href', 'title', 'target', 'rel', 'type', 'role', 'scope', 'start', 'tabindex'],
  ...['aria-label', 'aria-hidden', 'aria-haspopup', 'aria-expanded', 'datetime']
];

/** Script that lists every element of the log with its attributes. */
const ELEMENTS = `[...document.querySelectorAll('#log *')].map((one) => ({
  tag: one.localName,
  attributes: one.getAttributeNames(),
  href: one.getAttribute('href')
}))`;

describe('rich text of the chat page', function () {
  this.timeout(60_000);
  let browser: Browser;
  let server: FakeServer;
  let page: Page;
  let problems: string[];
  /** Every request of the page, to any host. */
  const requests: string[] = [];

  const say = async (text: string): Promise<void> => {
    server.rollcall.say('lobby', 'bob', { text });
    server.rollcall.say('lobby', 'bob', { text: 'said behind it' });
    await page.getByText('said behind it', { exact: true }).last().waitFor();
  };

  before(async function () {
    browser = await launchBrowser(this);
  });

  beforeEach(async () => {
    server = await startFakeServer();
    ({ page, problems } = await joinedPage(browser, server.url, 'ada', 'lobby'));
    requests.length = 0;
    page.on('request', (request) => requests.push(request.url()));
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  });

  afterEach(async () => {
    await page.context().close();
    await server.stop();
    expect(problems).to.eql([]);
  });

  after(async () => {
    // Undefined when there was no browser and all was skipped.
    await (browser as Browser | undefined)?.close();
  });

  it('runs nothing, asks nobody and makes only allowed elements of any known attack', async () => {
    await page.evaluate('globalThis.pwned = () => { globalThis.isPwned = true; }');
    for (const attack of ATTACKS) server.rollcall.say('lobby', 'bob', { text: attack });
    await say(ATTACKS.join('\n\n'));
    const elements =
      await page.evaluate<{ tag: string; attributes: string[]; href: string | null }[]>(ELEMENTS);
    expect(elements.length).to.be.above(ATTACKS.length);
    const tags =
      'a article b blockquote button code del div em hr li ol p pre span strong table tbody td th thead time tr ul';
    expect(tags.split(' ')).to.include.members(elements.map(({ tag }) => tag));
    expect(ATTRIBUTES).to.include.members(elements.flatMap(({ attributes }) => attributes));
    for (const { tag, href } of elements) {
      if (tag === 'a') expect(href).to.match(/^(?:https?:\/\/evil\.test\b|mailto:a@evil\.test)/);
    }
    for (const link of await page.locator('#log a').all()) await link.hover();
    expect(await page.evaluate('globalThis.isPwned')).to.equal(undefined);
    expect(requests).to.eql([]);
  });

  it('opens a link in a page that knows nothing of this one', async () => {
    await page
      .context()
      .route('https://reports.example.org/**', (route) => route.fulfill({ body: 'report' }));
    await say(EVERYTHING);
    const link = page.getByRole('link', { name: 'the report (reports.example.org)' });
    expect(await link.getAttribute('title')).to.equal('https://reports.example.org/2026/11?id=7');
    const opening = page.context().waitForEvent('page');
    await link.click();
    const opened = await opening;
    await opened.waitForLoadState();
    expect(await opened.evaluate('[opener, document.referrer]')).to.eql([null, '']);
    expect(opened.url()).to.equal('https://reports.example.org/2026/11?id=7');
  });

  it('copies code by the keyboard, and says so', async () => {
    await say(EVERYTHING);
    const copy = page.getByRole('button', { name: 'Copy code' });
    await copy.focus();
    await page.keyboard.press('Enter');
    await page.locator('#notice').getByText('Code copied.').waitFor();
    await page.locator('.copy').getByText('Copied').waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).to.match(
      /^const pool = .*\nawait pool\.ready\(\);$/
    );
    expect(await page.evaluate('document.activeElement.className')).to.include('copy');
  });

  it('keeps the elements of an answer that grows, and what is selected and scrolled in them', async () => {
    const lines = Array.from({ length: 60 }, (_, index) => `line ${String(index)}\n`).join('');
    const parts = ['- one', '\n- tw', `o\n\n\`\`\`sh\n${lines}`, 'last line\n```\n\nthe', ' end'];
    const body = { run: 'r1', agent: 'helper', inReplyTo: 'q1' };
    server.rollcall.say('lobby', 'ada', { text: 'go' }, 'q1');
    const from = { user: 'helper' };
    server.rollcall.play([
      {
        type: 'message',
        thread: 'lobby',
        offset: 0,
        mid: 'm1',
        from,
        at: 1,
        kind: 'agent_started',
        body
      }
    ]);
    let at = 0;
    const write = async (text: string, last: string): Promise<void> => {
      server.rollcall.play([{ type: 'chunk', thread: 'lobby', run: 'r1', at, text }]);
      at += text.length;
      await page.locator('.answer').getByText(last).waitFor();
    };
    await write(parts[0] ?? '', 'one');
    await page.evaluate(`
      const [item] = document.querySelectorAll('.answer li');
      item.dataset.same = 'yes';
      getSelection().selectAllChildren(item);
    `);
    await write(parts[1] ?? '', 'tw');
    await page.evaluate("document.querySelectorAll('.answer li')[1].dataset.same = 'yes'");
    await write(parts[2] ?? '', 'line 59');
    await page.evaluate("document.querySelector('.answer pre').scrollTop = 77");
    await write(parts[3] ?? '', 'the');
    await write(parts[4] ?? '', 'the end');
    expect(
      await page.evaluate(`[
        ...[...document.querySelectorAll('.answer li')].map((item) => item.dataset.same),
        getSelection().toString().trim(),
        document.querySelector('.answer pre').scrollTop
      ]`)
    ).to.eql(['yes', 'yes', 'one', 77]);
  });

  it('lets a wide table scroll in itself on a phone, and code too', async () => {
    await say(EVERYTHING);
    await page.setViewportSize({ width: 390, height: 780 });
    const wide = "document.querySelector('#log-scroll')";
    const sideways = await page.evaluate<number>(`${wide}.scrollWidth - ${wide}.clientWidth`);
    expect(sideways).to.equal(0);
    for (const name of ['.table', '.code-block pre']) {
      const inside = await page.evaluate<number>(
        `((one) => one.scrollWidth - one.clientWidth)(document.querySelector('${name}'))`
      );
      expect(inside, name).to.be.above(0);
    }
    const table = page.getByRole('group', { name: 'Table' });
    await table.focus();
    const scrolled = page.evaluate(`new Promise((resolve) => {
      document.querySelector('.table').addEventListener('scroll', () => resolve(true), { once: true });
    })`);
    await page.keyboard.press('ArrowRight');
    expect(await scrolled).to.equal(true);
  });

  it('has no serious fault for anybody, own or not, in light and dark, wide and on a phone', async () => {
    server.rollcall.say('lobby', 'ada', { text: EVERYTHING });
    await say(EVERYTHING);
    expect(await accessibilityProblems(page)).to.eql([]);
    await page.setViewportSize({ width: 1_100, height: 1_900 });
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await picture(page, `chat-rich-${colorScheme}`);
    }
    await page.emulateMedia({ colorScheme: 'light', forcedColors: 'active' });
    await picture(page, 'chat-rich-forced-colours');
    await page.emulateMedia({ forcedColors: null, colorScheme: null });
    await page.setViewportSize({ width: 390, height: 1_900 });
    expect(await accessibilityProblems(page)).to.eql([]);
    await page.emulateMedia({ colorScheme: 'dark' });
    await picture(page, 'chat-rich-phone');
  });
});
