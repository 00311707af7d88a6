/**
 * A whole server, run from the sources, in which a spec causes faults. Orders come as lines: `crash <actor>` makes the
 * actor with this id throw at its next event, and sends it one at once. `break handler` makes every ping throw, and
 * `break observer` every observed event, until `mend`. `block <ms>` blocks the event loop for this long. `hold <MB>`
 * makes the server believe that its memory is this large.
 */
import { createInterface } from 'node:readline';
import type { InspectionEvent } from 'xstate';
import { systemClock } from '../../../actors/clock.js';
import { OWN_MEMORY } from '../../../actors/memory/memory-source.js';
import { loadConfig } from '../../../server/config/config.js';
import { createLogger } from '../../../server/logger/logger.js';
import { Server } from '../../../server/wiring/server.js';

const loaded = loadConfig({ env: process.env });
if (!loaded.ok) throw new Error(loaded.faults.join('\n'));
const broken = new Set<string>();
let heldMb = 10;

/** The newest observed actor of each id. */
const actors = new Map<string, object>();

const server = new Server(loaded.config, {
  clock: {
    ...systemClock,
    now: () => {
      if (broken.has('handler') && isInPing(new Error().stack ?? '')) {
        throw new Error('a fault in a handler');
      }
      return systemClock.now();
    }
  },
  memory: {
    ...OWN_MEMORY,
    resident: () => heldMb * 1024 * 1024
  },
  logger: createLogger({ level: 'info', format: 'json' }),
  // Makes random waits as long as possible, so that specs can see a part while it is away.
  random: () => 0.999,
  inspect: (event: InspectionEvent) => {
    // A delivery actor is the root of its own system. It is observed from its first event on, not from its creation.
    const isRoot = event.actorRef.sessionId === event.rootId;
    if ('id' in event.actorRef && (isRoot || event.type === '@xstate.actor')) {
      actors.set(String(event.actorRef.id), event.actorRef);
    }
    if (broken.has('observer')) throw new Error('a fault in an observer');
  }
});

/** Returns whether a stack contains the handler of pings, which reads the clock. */
function isInPing(stack: string): boolean {
  return stack.split('\n').some((line) => line.includes('.ping') && line.includes('routes.ts'));
}

/** Makes an actor throw in its own logic, as a fault in it would. */
function crash(id: string): void {
  const actor = actors.get(id);
  if (actor === undefined) throw new Error(`there is no actor ${id}`);
  const logic: unknown = Reflect.get(actor, 'logic');
  if (typeof logic !== 'object' || logic === null) throw new Error('an actor without logic');
  const transition: unknown = Reflect.get(logic, 'transition');
  Reflect.set(logic, 'transition', () => {
    Reflect.set(logic, 'transition', transition);
    throw new Error(`a fault in ${id}`);
  });
  const send: unknown = Reflect.get(actor, 'send');
  if (typeof send === 'function') Reflect.apply(send, actor, [{ type: 'spec.fault' }]);
}

/** Blocks the event loop, as too much work in one turn would. */
function block(ms: number): void {
  for (const until = performance.now() + ms; performance.now() < until;);
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const [order, what = ''] = line.split(' ');
  if (order === 'crash') crash(what);
  else if (order === 'block') block(Number(what));
  else if (order === 'hold') heldMb = Number(what);
  else if (order === 'break') broken.add(what);
  else broken.clear();
});

process.on('SIGTERM', () => {
  server.root.send({ type: 'server.stop' });
});
server.root.subscribe({
  complete: () => {
    process.exit(server.root.getSnapshot().output?.status === 'stopped' ? 0 : 1);
  }
});
server.start();
