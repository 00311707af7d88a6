import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { build } from 'esbuild';
import type { Browser } from 'playwright-core';
import { launchBrowser } from '../browser.js';

const PAGE = join(import.meta.dirname, '../../../../client/pages/inspect');

async function styled(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(PAGE, 'inspect.css')],
    bundle: true,
    write: false
  });
  return outputFiles[0]?.text ?? '';
}

describe('inspector page on a phone', function () {
  this.timeout(60_000);
  let browser: Browser;

  before(async function () {
    browser = await launchBrowser(this);
  });

  after(async () => {
    // Undefined when there was no browser and all was skipped.
    await (browser as Browser | undefined)?.close();
  });

  for (const width of [320, 360, 400]) {
    it(`has its player in ${String(width)} px, however long the words of its choice are`, async () => {
      const [html, style] = await Promise.all([
        readFile(join(PAGE, 'index.html'), 'utf8'),
        styled()
      ]);
      const page = await browser.newPage({ viewport: { width, height: 740 } });
      const long = html.replace(
        '>changes of this actor<',
        '>changes of this actor, or of one like it<'
      );
      expect(long).to.not.equal(html);
      await page.setContent(long.replaceAll(/<(script|link)[^>]*>/g, ''));
      await page.addStyleTag({ content: style });
      const box = await page.locator('#stride').boundingBox();
      const right = Math.ceil((box?.x ?? 0) + (box?.width ?? Infinity));
      expect(right).to.be.at.most(width);
      await page.close();
    });
  }
});
