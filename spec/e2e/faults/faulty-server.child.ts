/**
 * A whole server, from the sources, into which a spec puts faults while it runs. Orders come as lines: `crash <actor>`
 * makes the actor of this id throw at its next event, which it is given at once; `break handler` and `break observer`
 * let every ping and every observed event throw until `mend`; `block <ms>` keeps the event loop for so long; `hold <MB>`
 * makes its memory look as large as that.
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

/** The newest actor of each id, as observed. */
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
  // The longest waits that chance may give: what is away is away for long enough to be seen.
  random: () => 0.999,
  inspect: (event: InspectionEvent) => {
    // A delivery actor is the root of its own, and is watched from its first event on, not from its making.
    const isRoot = event.actorRef.sessionId === event.rootId;
    if ('id' in event.actorRef && (isRoot || event.type === '@xstate.actor')) {
      actors.set(String(event.actorRef.id), event.actorRef);
    }
    if (broken.has('observer')) throw new Error('a fault in an observer');
  }
});

/** Whether a stack goes through the handler of pings, which looks at the time. */
function isInPing(stack: string): boolean {
  return stack.split('\n').some((line) => line.includes('.ping') && line.includes('routes.ts'));
}

/** Lets an actor throw out of its own logic, as a fault in it would. */
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

/** Keeps the event loop, as work that is too long would. */
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
