import { expect } from 'chai';
import { createServer, type Server } from 'node:http';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from '../../client/pages/browser.js';
import { inLanguage } from '../../scripts/docs/blocks.js';
import { KEY, PRODUCTION, tokenOf } from '../access/doors.js';
import { startServer, type ServerProcess } from '../servers/server-process.js';
import { startGate, type Gate } from './gate.js';

/** Longest wait for what a page should show, in milliseconds. */
const PATIENCE_MS = 25_000;

/** Starts a site with an empty page, on another origin than the server's. */
async function startSite(): Promise<{ readonly site: Server; readonly origin: string }> {
  const site = createServer((_, response) => {
    response.setHeader('content-type', 'text/html');
    response.end('<!doctype html><title>Shop</title>');
  });
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
  const address = site.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  return { site, origin: `http://127.0.0.1:${String(port)}` };
}

describe('the example of docs/http.md for event streams in a browser', function () {
  this.timeout(60_000);
  let browser: Browser;
  let server: ServerProcess;
  let gate: Gate;
  let site: Server;
  let page: Page;

  const api = async (path: string, body: object): Promise<void> => {
    const response = await fetch(`${server.url}/api/${path}`, {
      method: 'POST',
      headers: { 'x-api-key': KEY },
      body: JSON.stringify(body)
    });
    expect(response.status).to.be.below(300);
  };
  const say = (mid: string): Promise<void> =>
    api('threads/news/messages', { mid, from: 'shop', body: mid, owner: 'ada', expect: 'stored' });
  const shown = (): Promise<string[]> =>
    page.evaluate<string[]>('shown.map((frame) => frame.mid ?? frame.type)');
  const sees = async (what: string): Promise<void> => {
    await page.waitForFunction(
      `shown.some((frame) => (frame.mid ?? frame.type) === ${JSON.stringify(what)})`
    );
  };

  before(async function () {
    browser = await launchBrowser(this);
    const started = await startSite();
    site = started.site;
    server = await startServer({
      env: { ...PRODUCTION, ACCESS: 'members', ALLOWED_ORIGINS: started.origin }
    });
    gate = await startGate(server.url);
    await say('first');
    const [example] = inLanguage('js').filter(({ at }) => at.startsWith('docs/http.md'));
    const token = await tokenOf('ada', { iat: Math.floor(Date.now() / 1_000) - 10 });
    page = await browser.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    await page.goto(started.origin);
    await page.addScriptTag({
      content: `
        const shown = [];
        const show = (frame) => shown.push(frame);
        const signIn = () => show({ type: 'sign in' });
        const getToken = async () => ${JSON.stringify(token)};
        Math.random = () => 0;
        ${(example?.text ?? '').replaceAll('http://127.0.0.1:8080', gate.url)}`
    });
    await page.evaluate(`void listen('news')`);
  });

  after(async () => {
    // Undefined when there is no browser and all tests were skipped.
    await (browser as Browser | undefined)?.close();
    await (gate as Gate | undefined)?.stop();
    await (server as ServerProcess | undefined)?.stop();
    (site as Server | undefined)?.close();
  });

  it('shows what was said and what is said then, on a page of another origin', async () => {
    await sees('first');
    await say('second');
    await sees('second');
    expect(await shown()).to.eql(['subscribed', 'first', 'second']);
  });

  it('goes on after its place with a new ticket when its network fails', async () => {
    const refused: string[] = [];
    page.on('response', (response) => {
      if (response.status() === 401) refused.push(response.url());
    });
    gate.shut();
    await say('meanwhile');
    gate.open();
    await sees('meanwhile');
    expect(await shown()).to.eql(['subscribed', 'first', 'second', 'subscribed', 'meanwhile']);
    // The first ticket was not used twice: the example closes the stream before the browser reconnects with it.
    expect(refused).to.eql([]);
  });

  it('asks to sign in when the token is revoked', async () => {
    await api('users/ada/revoke', {});
    await sees('sign in');
  });

  it('would get no second stream from a browser that shows its ticket again', async () => {
    const state = await page.evaluate<unknown>(`(async () => {
      const answer = await fetch('${gate.url}/api/tickets', {
        method: 'POST', headers: { authorization: 'Bearer ${await tokenOf('bob')}' }
      });
      const { ticket } = await answer.json();
      const open = () => new Promise((resolve) => {
        const events = new EventSource('${gate.url}/api/threads/bobs/events?ticket=' + ticket);
        events.onopen = () => { events.close(); resolve('open'); };
        events.onerror = () => resolve(events.readyState === EventSource.CLOSED ? 'closed' : 'again');
      });
      return [await open(), await open()];
    })()`);
    // "closed": the browser does not try a third time.
    expect(state).to.eql(['open', 'closed']);
  });
});
