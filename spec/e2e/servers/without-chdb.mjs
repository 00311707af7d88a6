/**
 * Hides chdb from the process that imports this, as after an install without optional packages. Child processes with
 * the same NODE_OPTIONS cannot find it either.
 */
import { register } from 'node:module';

const HOOKS = `
export function resolve(specifier, context, next) {
  if (!/^chdb(\\/|$)/.test(specifier)) return next(specifier, context);
  throw Object.assign(new Error('Cannot find package ' + specifier), { code: 'ERR_MODULE_NOT_FOUND' });
}`;

register(`data:text/javascript,${encodeURIComponent(HOOKS)}`);
