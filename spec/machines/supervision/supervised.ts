import { createActor, sendTo, setup, type AnyStateMachine } from 'xstate';
import { NO_RESULTS, type ChildReport } from '../../../machines/supervision/child.js';
import { settle, VirtualClock } from '../../virtual-clock.js';

/** Runs one supervised child under a parent that records what it reports and how it ends. */
export function supervise(
  child: AnyStateMachine,
  input: Readonly<Record<string, unknown>> = {},
  clock = new VirtualClock()
) {
  const said: ChildReport[] = [];
  const ends: unknown[] = [];
  const parent = setup({
    types: {
      events: {} as ChildReport | { type: 'forward.stop' },
      children: {} as { ch: 'child' }
    },
    actors: { child }
  }).createMachine({
    invoke: {
      id: 'ch',
      src: 'child',
      input: { id: 'ch', results: NO_RESULTS, ...input },
      onDone: { actions: ({ event }) => ends.push(event.output) },
      onError: { actions: () => ends.push('error') }
    },
    on: {
      'child.ready': { actions: ({ event }) => said.push(event) },
      'child.degraded': { actions: ({ event }) => said.push(event) },
      'child.recovered': { actions: ({ event }) => said.push(event) },
      'forward.stop': { actions: sendTo('ch', { type: 'child.stop' }) }
    }
  });
  const root = createActor(parent, { clock }).start();
  const ref = root.getSnapshot().children.ch;
  if (ref === undefined) throw new Error('the child was not started');
  return {
    clock,
    said,
    ends,
    ref,
    hasTag: (tag: string) => ref.getSnapshot().hasTag(tag),
    stop: async () => {
      root.send({ type: 'forward.stop' });
      await settle();
    }
  };
}

/** A promise that the spec settles. */
export class Deferred<T> {
  readonly promise: Promise<T>;
  #resolve: (value: T) => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;

  constructor() {
    this.promise = new Promise<T>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Fulfils it and lets the consequences happen. */
  async resolve(value: T): Promise<void> {
    this.#resolve(value);
    await settle();
  }

  /** Rejects it and lets the consequences happen. */
  async reject(error: unknown): Promise<void> {
    this.#reject(error);
    await settle();
  }
}
