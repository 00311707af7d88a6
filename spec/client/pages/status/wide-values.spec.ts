import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { build } from 'esbuild';
import type { Browser } from 'playwright-core';
import { launchBrowser, problemsOf } from '../browser.js';
import { SAMPLE } from './sample-report.js';

const PAGE = join(import.meta.dirname, '../../../../client/pages/status');

/** Replaces every string in a value by `text` and every number by `number`, except times. */
function widened(value: unknown, text: string, number: number): unknown {
  if (typeof value === 'string') return /^\d{4}-/.test(value) ? value : text;
  if (typeof value === 'number') return number;
  if (Array.isArray(value)) return value.map((one) => widened(one, text, number));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, widened(one, text, number)])
  );
}

async function bundled(name: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(PAGE, name)],
    bundle: true,
    write: false,
    format: 'esm'
  });
  return outputFiles[0]?.text ?? '';
}

describe('status page (against a hostile answer)', function () {
  this.timeout(60_000);
  let browser: Browser;

  before(async function () {
    browser = await launchBrowser(this);
  });

  after(async () => {
    // Undefined when there was no browser and all was skipped.
    await (browser as Browser | undefined)?.close();
  });

  it('stays as wide as the window, whatever is in it', async () => {
    const [html, script, style] = await Promise.all([
      readFile(join(PAGE, 'index.html'), 'utf8'),
      bundled('status.ts'),
      bundled('status.css')
    ]);
    const page = await browser.newPage();
    const problems = problemsOf(page);
    let answer: unknown = SAMPLE;
    await page.route('**/*', async (route) => {
      const { pathname } = new URL(route.request().url());
      if (pathname === '/status') await route.fulfill({ json: answer });
      else if (pathname.endsWith('.js')) {
        await route.fulfill({ body: script, contentType: 'text/javascript' });
      } else if (pathname.endsWith('.css')) {
        await route.fulfill({ body: style, contentType: 'text/css' });
      } else if (pathname.endsWith('.html')) {
        await route.fulfill({ body: html, contentType: 'text/html' });
      } else await route.fulfill({ status: 404 });
    });
    const overhang = () =>
      page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
    answer = widened(SAMPLE, 'x'.repeat(50_000), 1e300);
    await page.goto('http://status.test/status.html');
    await page.getByText('xxxxxxxxxx').first().waitFor();
    for (const width of [1280, 700, 360]) {
      await page.setViewportSize({ width, height: 800 });
      expect(await overhang(), `at ${String(width)} px`).to.be.at.most(0);
    }
    expect(problems).to.eql([]);
  });
});
