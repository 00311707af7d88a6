/**
 * The server's pages. Each is read once at start, in all codings that the build has made, and served from memory with a
 * content security policy that allows nothing from other origins.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { StaticFile, type FileBodies } from './static-file.js';

/** Nothing from other origins, no inline script, no framing; WebSockets to the page's own host. */
const POLICY =
  "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; object-src 'none'; " +
  "base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.map': 'application/json'
};

/** Path of each page, by the folder of its build. */
const PAGES = {
  chat: '/',
  status: '/status.html',
  journey: '/journey.html',
  runbook: '/runbook.html',
  admin: '/admin',
  inspect: '/inspect'
} as const;

/** Name of a page. */
export type PageName = keyof typeof PAGES;

/** The files of the built pages, by path. */
export type Pages = ReadonlyMap<string, Pick<StaticFile, 'answer'>>;

/** Returns the folder of the built pages, beside the built server; when run from source, that of the last build. */
export function builtPagesDir(): string {
  const relative = import.meta.url.endsWith('.ts')
    ? '../../dist/client/pages'
    : '../../client/pages';
  return fileURLToPath(new URL(relative, import.meta.url));
}

/** Reads the pages of a folder, except hidden ones; a missing page answers 404. */
export function loadPages(dir: string, hidden: readonly PageName[] = []): Pages {
  const files = new Map<string, StaticFile>();
  const shown = Object.entries(PAGES).filter(([page]) => !hidden.some((name) => name === page));
  for (const [page, shownAt] of shown) {
    for (const name of namesIn(join(dir, page))) {
      const type = TYPES[extname(name)];
      if (type === undefined || name.endsWith('.d.ts')) continue;
      const file = new StaticFile(bodiesOf(join(dir, page, name)), {
        'content-type': type,
        'content-security-policy': POLICY
      });
      files.set(name === 'index.html' ? shownAt : `/assets/${page}/${name}`, file);
    }
  }
  const icon = files.get('/assets/chat/icon.svg');
  if (icon !== undefined) files.set('/favicon.ico', icon);
  return files;
}

/** Reads a file and its compressed forms. */
function bodiesOf(path: string): FileBodies {
  const [gzip, br] = [`${path}.gz`, `${path}.br`].map((coded) =>
    existsSync(coded) ? readFileSync(coded) : undefined
  );
  const coded = { ...(gzip === undefined ? {} : { gzip }), ...(br === undefined ? {} : { br }) };
  return { identity: readFileSync(path), ...coded };
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}
