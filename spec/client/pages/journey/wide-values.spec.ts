import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { build } from 'esbuild';
import type { Browser } from 'playwright-core';
import { launchBrowser, problemsOf } from '../browser.js';

/** An answer with every field that a step can have. */
const SAMPLE = {
  now: 1,
  more: true,
  journeys: [
    {
      thread: 't',
      offset: 1,
      from: { user: 'u' },
      kind: 'k',
      at: 1,
      sizeBytes: 1,
      status: 's',
      steps: [
        'received',
        'appended',
        'lagged',
        'lagging',
        'run_tool',
        'run_failed',
        'of a kind to come'
      ].map((step) => ({
        step,
        at: 1,
        afterMs: 1,
        source: 'x',
        offset: 1,
        durable: 'd',
        subscribers: 1,
        messages: 1,
        dueAt: 1,
        user: 'u',
        connection: 'c',
        since: 1,
        from: 1,
        upTo: 1,
        cursor: 1,
        agent: 'a',
        position: 1,
        tool: 't',
        ok: true,
        tookMs: 1,
        code: 'c',
        attempts: 1,
        mid: 'm'
      })),
      run: { agent: 'a', state: 's' },
      complete: true,
      notes: ['n']
    }
  ]
};

/** Names of steps. They stay, because the page chooses its words by them. */
const STEPS: readonly unknown[] = SAMPLE.journeys[0]!.steps.map(({ step }) => step);

const PAGE = join(import.meta.dirname, '../../../../client/pages/journey');

/** Replaces every string in a value by `text` and every number by `number`, except the names of steps. */
function widened(value: unknown, text: string, number: number): unknown {
  if (typeof value === 'string') return STEPS.includes(value) ? value : text;
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

describe('journey page (against a hostile answer)', function () {
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
      bundled('journey.ts'),
      bundled('journey.css')
    ]);
    const page = await browser.newPage();
    const problems = problemsOf(page);
    let answer: unknown = SAMPLE;
    await page.route('**/*', async (route) => {
      const { pathname } = new URL(route.request().url());
      if (pathname.startsWith('/api/')) await route.fulfill({ json: answer });
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
    await page.goto('http://journey.test/journey.html?mid=m');
    await page.getByText('xxxxxxxxxx').first().waitFor();
    for (const width of [1280, 700, 360]) {
      await page.setViewportSize({ width, height: 800 });
      expect(await overhang(), `at ${String(width)} px`).to.be.at.most(0);
    }
    expect(problems).to.eql([]);
  });
});
