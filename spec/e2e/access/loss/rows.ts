/**
 * One row for each frame of the server. A row says how to cause the frame for users who stay in the thread, or how a
 * user who has lost `read` asks for it and is refused. A frame type of the schema without a row does not compile.
 */
import type { ServerFrameType } from '../../../../protocol/frames.js';
import type { WireClient } from '../../wire/wire-client.js';
import type { Stage } from './stage.js';

/** The users who stay subscribed to the thread. */
export interface Stayers {
  readonly stage: Stage;
  readonly manager: WireClient;
  readonly stayer: WireClient;
}

/** How the server refuses a request. `left out`: it answers a list of threads without the thread. */
export type Refusal = 'forbidden' | 'not_found' | 'left out';

/** `told`: subscribers get the frame. `asked`: it answers a request. `plain`: it holds no data of a thread. */
export type Row =
  | { readonly told: (stayers: Stayers) => Promise<unknown> }
  | {
      readonly asked: (stage: Stage, run: string) => readonly [request: object, refusal: Refusal][];
    }
  | 'plain';

const publish = (mid: string) => ({ type: 'publish', mid, body: 'after', expect: 'stored' });

/** The rows. */
export const ROWS: Readonly<Record<ServerFrameType, Row>> = {
  connected: 'plain',
  refreshed: 'plain',
  ping: 'plain',
  pong: 'plain',
  error: 'plain',
  disconnect: 'plain',
  message: {
    told: ({ stage: { thread }, stayer }) => stayer.ask({ ...publish('after'), thread })
  },
  typing: {
    told: async ({ stage: { thread }, stayer }) => {
      stayer.send({ type: 'typing', thread, on: true });
      await stayer.settle();
    }
  },
  mark: {
    told: ({ stage: { thread }, stayer }) => stayer.ask({ type: 'mark', thread, read: 1 })
  },
  presence: {
    told: async ({ stage, manager }) => {
      const guest = await stage.comeAs(stage.guest);
      await guest.subscribe(stage.thread);
      await manager.next(({ join }) => Array.isArray(join) && join.includes(stage.guest));
      await guest.ask({ type: 'unsubscribe', thread: stage.thread });
    }
  },
  member: {
    told: ({ stage: { thread, guest }, manager }) =>
      manager.ask({ type: 'member', thread, user: guest, role: 'reader' })
  },
  rights: {
    told: async ({ stage: { thread, stayer }, manager }) => {
      for (const role of ['reader', 'member']) {
        await manager.ask({ type: 'member', thread, user: stayer, role });
      }
    }
  },
  chunk: { told: () => Promise.resolve() },
  owner: {
    told: ({ stage, stage: { thread, stayer } }) =>
      stage.api('PUT', `${thread}/owner`, { owner: stayer })
  },
  agent: {
    told: async ({ stage, stage: { thread } }) => {
      for (const agent of [null, 'echo']) await stage.api('PUT', `${thread}/agent`, { agent });
    }
  },
  // The user who loses `read` gets this as the last frame.
  unsubscribed: 'plain',
  subscribed: {
    asked: ({ thread }) => [
      [{ type: 'subscribe', thread }, 'forbidden'],
      [{ type: 'subscribe', thread, since: 'start' }, 'forbidden']
    ]
  },
  // Follows `subscribed`.
  caught_up: 'plain',
  ack: {
    asked: ({ thread, held }) =>
      [thread, held].map((each) => [{ ...publish('mine'), thread: each }, 'forbidden'])
  },
  history: {
    asked: ({ thread, held }) =>
      [thread, held].map((each) => [{ type: 'history', thread: each }, 'forbidden'])
  },
  members: { asked: ({ thread }) => [[{ type: 'members', thread }, 'forbidden']] },
  threads: {
    asked: () => [
      [{ type: 'threads' }, 'left out'],
      [{ type: 'threads', limit: 1 }, 'left out']
    ]
  },
  cancelling: {
    asked: ({ thread }, run) => [
      [{ type: 'cancel', run }, 'not_found'],
      [{ type: 'cancel', thread, mid: 'run' }, 'forbidden']
    ]
  },
  answered: {
    asked: (_, run) => [[{ type: 'answer', run, ask: 'a1', value: 1 }, 'not_found']]
  },
  withdrawn: { asked: (_, run) => [[{ type: 'withdraw', run }, 'not_found']] }
};
