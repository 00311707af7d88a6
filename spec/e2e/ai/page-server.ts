/** Serves pages of React to Chromium, as an application has them: bundled from a module of this folder. */
import { build } from 'esbuild';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { freePort } from '../../../scripts/kill-proof/free-port.js';

/** A server of pages. */
export interface Pages {
  readonly url: string;
  stop(): void;
}

/**
 * Serves the page of a module, which exports `show(container, kind, server)`: what is behind `#` names the kind, and
 * `?server=` the server that it talks to.
 */
export async function pagesOf(module: string): Promise<Pages> {
  return await servePage(await bundle(module));
}

async function bundle(module: string): Promise<string> {
  const page = JSON.stringify(join(import.meta.dirname, module));
  const { outputFiles } = await build({
    stdin: {
      contents: `import { show } from ${page}; const { searchParams, hash } = new URL(location.href);
        void show(document.body, hash.slice(1), searchParams.get('server'));`,
      resolveDir: import.meta.dirname
    },
    bundle: true,
    format: 'iife',
    platform: 'browser',
    define: { 'process.env.NODE_ENV': '"development"' },
    logLevel: 'silent',
    write: false
  });
  return outputFiles[0]?.text ?? '';
}

/** Serves one page with the script at every path. */
async function servePage(script: string): Promise<Pages> {
  const html =
    '<!doctype html><meta charset="utf-8"><title>chat</title><body><script src="/page.js"></script>';
  const served = createServer(({ url = '' }, response) => {
    const isScript = url === '/page.js';
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
    response.end(isScript ? script : html);
  });
  const port = await freePort();
  served.listen(port, '127.0.0.1');
  await once(served, 'listening');
  const stop = (): void => {
    served.closeAllConnections();
    served.close();
  };
  return { url: `http://127.0.0.1:${String(port)}`, stop };
}
