/** The browser that page specs run in: the system's Chromium, driven by playwright-core. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';

const PATHS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync'
];

/** Longest wait for Chromium and for what a joined page should show, in milliseconds; less than specs may take. */
const PATIENCE_MS = 55_000;

/** Starts Chromium. Without one, the specs that need it are skipped; with `CI=true` they fail. */
export async function launchBrowser(context: Mocha.Context): Promise<Browser> {
  const executablePath = [process.env['CHROMIUM_PATH'] ?? '', ...PATHS].find((path) =>
    existsSync(path)
  );
  if (executablePath === undefined) {
    if (process.env['CI'] === 'true')
      throw new Error('no Chromium: install it or set CHROMIUM_PATH');
    console.log('    skipped: no Chromium; install it or set CHROMIUM_PATH');
    context.skip();
  }
  return chromium.launch({ executablePath, args: ARGUMENTS, timeout: PATIENCE_MS });
}

/** Folder of the screenshots, for people to look at; not under version control. */
const ARTIFACTS = join(import.meta.dirname, '../../../artifacts');

/** Saves a screenshot of the page as `artifacts/<name>.png`. */
export async function picture(page: Page, name: string, isWhole = false): Promise<void> {
  await page.screenshot({ path: join(ARTIFACTS, `${name}.png`), fullPage: isWhole });
}

/**
 * Returns the selectors whose first element is missing or has no border. With forced colors, only the border shows an
 * element's shape.
 */
export async function borderless(page: Page, selectors: readonly string[]): Promise<string[]> {
  return await page.evaluate<string[]>(
    `${JSON.stringify(selectors)}.filter((selector) => {
      const found = document.querySelector(selector);
      return found === null || getComputedStyle(found).borderBottomStyle === 'none';
    })`
  );
}

/** A chat page that has joined a thread in its own browser profile, with the problems found in it so far. */
export interface JoinedPage {
  readonly page: Page;
  /** Errors thrown by scripts and violations of the content security policy. */
  readonly problems: string[];
}

/** Opens the chat page as this user in a new browser profile, joins the thread and waits for the connection. */
export async function joinedPage(
  browser: Browser,
  url: string,
  user: string,
  thread: string
): Promise<JoinedPage> {
  const context = await browser.newContext();
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const problems = problemsOf(page);
  await page.goto(`${url}/?user=${encodeURIComponent(user)}#/t/${thread}`);
  await page.getByRole('button', { name: 'Join' }).click();
  await connected(page);
  return { page, problems };
}

/** Collects errors thrown by the page's scripts and violations of its content security policy, from now on. */
export function problemsOf(page: Page): string[] {
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => {
    if (/Content.Security.Policy/i.test(message.text())) problems.push(message.text());
  });
  return problems;
}

/** Waits until the page's status light says `connected`. */
export async function connected(page: Page): Promise<void> {
  await page.getByRole('img', { name: 'connected' }).waitFor();
}

/** Types a message and sends it with Enter. */
export async function say(page: Page, text: string): Promise<void> {
  await page.getByLabel('Message', { exact: true }).fill(text);
  await page.getByLabel('Message', { exact: true }).press('Enter');
}

/** Returns the texts of the messages shown, top to bottom. */
export function texts(page: Page): Promise<string[]> {
  return page.getByRole('log').locator('.bubble').allTextContents();
}
