import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { WebSocket } from 'ws';
import { connect } from '../../client/client.js';
import { connected, joinedPage, launchBrowser, say, texts } from '../client/browser.js';
import { startGate, type Gate } from './gate.js';
import { startServer } from './server-process.js';

describe('chat page', function () {
  this.timeout(120_000);
  let browser: Browser;
  let server: Awaited<ReturnType<typeof startServer>>;
  let gate: Gate;
  let ada: Page;
  let bob: Page;
  const problems: string[] = [];

  before(async function () {
    browser = await launchBrowser(this);
    server = await startServer();
    // Only ada's network fails: bob comes straight to the server.
    gate = await startGate(server.url);
    const one = await joinedPage(browser, gate.url, 'ada', 'tea');
    const other = await joinedPage(browser, server.url, 'bob', 'tea');
    ada = one.page;
    bob = other.page;
    for (const page of [ada, bob]) page.on('pageerror', ({ message }) => problems.push(message));
  });

  after(async () => {
    // Undefined when the start failed, or when there was no browser and all was skipped.
    await (browser as Browser | undefined)?.close();
    await (gate as Gate | undefined)?.stop();
    await (server as typeof server | undefined)?.stop();
  });

  it('lets two users chat', async () => {
    await say(ada, 'hello bob');
    await bob.getByRole('log').getByText('hello bob').waitFor();
    await say(bob, 'hello ada');
    await ada.getByRole('log').getByText('hello ada').waitFor();
    for (const page of [ada, bob]) expect(await texts(page)).to.eql(['hello bob', 'hello ada']);
  });

  it('shows the history and stays the same user when it is reloaded', async () => {
    await ada.reload();
    await connected(ada);
    await ada.getByRole('log').getByText('hello ada').waitFor();
    expect(await texts(ada)).to.eql(['hello bob', 'hello ada']);
    expect(await ada.locator('#me-name').textContent()).to.equal('ada');
  });

  it('says that it is cut off, and has everything once and in order when it is back', async () => {
    gate.shut();
    await ada.getByRole('status').getByText('Reconnecting').first().waitFor();
    await say(bob, 'while you were away');
    await bob.getByRole('log').getByText('while you were away').waitFor();
    await say(ada, 'written offline');
    await ada.getByText('Sending…').waitFor();
    gate.open();
    await bob.getByRole('log').getByText('written offline').waitFor();
    await ada.getByText('Sending…').waitFor({ state: 'detached' });
    await ada.getByRole('status').waitFor({ state: 'hidden' });
    const all = ['hello bob', 'hello ada', 'while you were away', 'written offline'];
    for (const page of [ada, bob]) expect(await texts(page)).to.eql(all);
  });

  it('shares a thread with the SDK in Node', async () => {
    const client = connect(server.url, { WebSocket, user: 'cy' });
    const thread = client.thread('tea', { since: 'start' });
    const bodies: unknown[] = [];
    for await (const item of thread) {
      if (item.type === 'message') bodies.push(item.message.body);
      if (bodies.length === 4) break;
    }
    await thread.send({ text: 'from Node' });
    await bob.getByRole('log').getByText('from Node').waitFor();
    client.close();
    expect(bodies[3]).to.eql({ text: 'written offline' });
  });

  it('says that the server is gone when it stops', async () => {
    await server.stop();
    for (const page of [ada, bob]) {
      await page.getByRole('status').getByText('Reconnecting').first().waitFor();
    }
    expect(problems).to.eql([]);
  });
});
