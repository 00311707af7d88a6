/**
 * Plants a fault that turns.spec.ts must find: in a server that imports this, a page of threads costs no points, so
 * that one turn handles page after page and takes too long.
 */
import { register } from 'node:module';

const hooks = `
export async function load(url, context, next) {
  const loaded = await next(url, context);
  if (!url.endsWith('/server/chat/work/costs.js')) return loaded;
  const source = String(loaded.source).replace(
    'function threadsPoints(read, passed, chars) {',
    'function threadsPoints(read, passed, chars) { return 0;'
  );
  if (source === String(loaded.source)) throw new Error('there is no cost to take away');
  return { ...loaded, source };
}`;

register(`data:text/javascript,${encodeURIComponent(hooks)}`);
