import { expect } from 'chai';
import { rm } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import { WebSocket } from 'ws';
import { connect } from '../../../client/sdk/client.js';
import { freePort } from '../../../scripts/kill-proof/free-port.js';
import { accessibilityProblems } from '../../client/pages/axe.js';
import {
  connected,
  joinedPage,
  launchBrowser,
  picture,
  say,
  texts
} from '../../client/pages/browser.js';
import { startGate, type Gate } from './gate.js';
import { startServer, temporaryDir, type StartOptions } from '../servers/server-process.js';

/** Presses the button and waits until the page is connected. After a reconnect by itself there is no button. */
async function reconnect(page: Page): Promise<void> {
  const back = page.getByRole('status').waitFor({ state: 'hidden' });
  await Promise.any([page.getByRole('button', { name: 'Reconnect now' }).click(), back]);
  await back;
}

describe('chat page', function () {
  this.timeout(120_000);
  let browser: Browser;
  let server: Awaited<ReturnType<typeof startServer>>;
  let dataDir: string;
  /** The same data directory and port for each start of the server. */
  let options: StartOptions;
  let gate: Gate;
  let ada: Page;
  let bob: Page;
  const problems: string[] = [];

  /** Sends a text and waits until both pages show it, so that no test needs an earlier one. Returns all shown texts. */
  const talk = async (text: string): Promise<string[]> => {
    await say(ada, text);
    for (const page of [ada, bob]) await page.getByRole('log').getByText(text).waitFor();
    return await texts(bob);
  };

  before(async function () {
    browser = await launchBrowser(this);
    dataDir = await temporaryDir();
    options = { dataDir, env: { PORT: String(await freePort()) } };
    server = await startServer(options);
    // Only ada's network fails: bob connects to the server directly.
    gate = await startGate(server.url);
    const one = await joinedPage(browser, gate.url, 'ada', 'tea');
    const other = await joinedPage(browser, server.url, 'bob', 'tea');
    ada = one.page;
    bob = other.page;
    for (const page of [ada, bob]) page.on('pageerror', ({ message }) => problems.push(message));
  });

  after(async () => {
    // Undefined when the start failed, or when there is no browser and all tests were skipped.
    await (browser as Browser | undefined)?.close();
    await (gate as Gate | undefined)?.stop();
    await (server as typeof server | undefined)?.stop();
    await rm(dataDir, { recursive: true, force: true });
  });

  it('lets two users chat', async () => {
    const before = await talk('is anybody there?');
    await say(ada, 'hello bob');
    await bob.getByRole('log').getByText('hello bob').waitFor();
    await say(bob, 'hello ada');
    await ada.getByRole('log').getByText('hello ada').waitFor();
    const all = [...before, 'hello bob', 'hello ada'];
    for (const page of [ada, bob]) expect(await texts(page)).to.eql(all);
  });

  it('shows the history and stays the same user when it is reloaded', async () => {
    const before = await talk('said before the reload');
    await ada.reload();
    await connected(ada);
    await ada.getByRole('log').getByText('said before the reload').waitFor();
    expect(await texts(ada)).to.eql(before);
    expect(await ada.locator('#me-name').textContent()).to.equal('ada');
  });

  it('says that it is cut off, and has 50 messages once and in order when it is back', async () => {
    const before = await talk('said before the cut');
    gate.shut();
    await ada.getByRole('status').getByText('Reconnecting').first().waitFor();
    const missed = Array.from({ length: 50 }, (_, i) => `while you were away ${String(i + 1)}`);
    const cy = connect(server.url, { WebSocket, user: 'cy' });
    for (const text of missed) await cy.publish('tea', { text });
    cy.close();
    await say(ada, 'written offline');
    await ada.getByText('Sending…').waitFor();
    gate.open();
    await reconnect(ada);
    await bob.getByRole('log').getByText('written offline').waitFor();
    await ada.getByText('Sending…').waitFor({ state: 'detached' });
    const all = [...before, ...missed, 'written offline'];
    for (const page of [ada, bob]) expect(await texts(page)).to.eql(all);
  });

  it('leads to the other pages, the inspector among them where it is on', async () => {
    const pages = ada.getByRole('navigation', { name: 'Pages' }).getByRole('link');
    await ada.getByRole('link', { name: 'Inspector' }).waitFor();
    expect(await pages.allTextContents()).to.eql(['Chat', 'Status', 'Journey', 'Inspector']);
  });

  it('has no serious fault for anybody', async () => {
    await talk('something to look at');
    expect(await accessibilityProblems(ada)).to.eql([]);
    await picture(ada, 'chat');
    await bob.setViewportSize({ width: 390, height: 780 });
    await bob.emulateMedia({ colorScheme: 'dark' });
    await picture(bob, 'chat-phone-dark');
  });

  it('shares a thread with the SDK in Node', async () => {
    const before = await talk('said before Node came');
    const client = connect(server.url, { WebSocket, user: 'cy' });
    const thread = client.thread('tea', { since: 'start' });
    const bodies: unknown[] = [];
    for await (const item of thread) {
      if (item.type === 'message') bodies.push(item.message.body);
      if (bodies.length === before.length) break;
    }
    await thread.send({ text: 'from Node' });
    await bob.getByRole('log').getByText('from Node').waitFor();
    client.close();
    expect(bodies).to.eql(before.map((text) => ({ text })));
  });

  it('goes on with everybody when the server is restarted', async () => {
    const before = await talk('said before the restart');
    await server.stop();
    for (const page of [ada, bob]) {
      await page.getByRole('status').getByText('The server is restarting').waitFor();
    }
    await say(ada, 'while it is away');
    server = await startServer(options);
    for (const page of [ada, bob]) {
      await reconnect(page);
    }
    await say(bob, 'after it is back');
    for (const page of [ada, bob]) {
      await page.getByRole('log').getByText('while it is away').waitFor();
      await page.getByRole('log').getByText('after it is back').waitFor();
      await page.getByText('Sending…').waitFor({ state: 'detached' });
    }
    expect((await texts(ada)).toSorted()).to.eql(
      [...before, 'while it is away', 'after it is back'].toSorted()
    );
    expect(await texts(bob)).to.eql(await texts(ada));
    expect(problems).to.eql([]);
  });
});
