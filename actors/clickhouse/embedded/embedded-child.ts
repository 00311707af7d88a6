/**
 * Entry of the child process that runs the embedded engine. The separate process keeps a native crash, the engine's
 * memory and its threads away from the chat. Only `engine-process.ts` starts it.
 */
import { openEngine, type EmbeddedEngine } from './embedded-engine.js';
import { isEngineRequest, type EngineAnswer, type EngineOrder } from './engine-messages.js';
import { failureOf } from '../failure.js';
import { StoreError, type Row } from '../store.js';

let engine: EmbeddedEngine | null = null;

async function run(order: EngineOrder): Promise<Row[]> {
  if (order.op === 'open') {
    const opened = await openEngine(order.path);
    engine = opened.engine;
    return opened.rows;
  }
  if (order.op === 'close') {
    await engine?.close();
    return [];
  }
  if (engine === null) throw new StoreError('closed', 'the embedded engine is not open');
  return engine.run(order);
}

function answer(message: EngineAnswer, then?: () => void): void {
  process.send?.(message, undefined, undefined, () => then?.());
}

// Ctrl-C and a stop by a service manager reach the whole process group; the parent ends this process when its turn
// comes.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

// The parent is gone, so end at once. A kill loses nothing that was acknowledged and cannot be delayed; an orphan would
// hold the lock of the data directory and keep the next server out.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));

process.on('message', (message) => {
  if (!isEngineRequest(message)) return;
  const { id, order } = message;
  run(order).then(
    (rows) => {
      answer({ id, ok: true, rows }, order.op === 'close' ? () => process.exit(0) : undefined);
    },
    (error: unknown) => {
      const { code, message: reason } = failureOf(error, 'the embedded engine');
      // A failed open leaves native state behind, so the next attempt gets a new process.
      const then = order.op === 'open' || order.op === 'close' ? () => process.exit(1) : undefined;
      answer({ id, ok: false, code, reason }, then);
    }
  );
});
