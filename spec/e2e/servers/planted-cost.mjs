/**
 * Plants a fault that turns.spec.ts must find: in a server that imports this, a page of threads costs no points, so
 * that one turn handles page after page and takes too long.
 */
import { register } from 'node:module';

const hooks = `
export async function load(url, context, next) {
  const loaded = await next(url, context);
  // The build joins modules, so the function may be in any file, with parameters of other names.
  const cost = /function threadsPoints\\([^)]*\\) \\{/;
  const text = url.includes('/dist/') ? String(loaded.source) : '';
  if (!cost.test(text)) return loaded;
  return { ...loaded, source: text.replace(cost, '$& return 0;') };
}`;

register(`data:text/javascript,${encodeURIComponent(hooks)}`);
