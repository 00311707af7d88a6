/**
 * Imported by a server of which the spec of turns must find that it takes too long: a page of threads costs no points
 * here, so that a turn goes on with the next one.
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
