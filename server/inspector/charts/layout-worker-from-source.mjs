/** Starts `layout-worker.ts` where nothing is built, in specs and scripts: a thread does not get tsx from its parent. */
import { register } from 'tsx/esm/api';

register();
await import('./layout-worker.js');
