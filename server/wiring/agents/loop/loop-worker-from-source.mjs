/** Starts `loop-worker.ts` where nothing is built, in specs and scripts: a thread does not get tsx from its parent. */
import { register } from 'tsx/esm/api';

register();
await import('./loop-worker.js');
