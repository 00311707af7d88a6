/** The ways in which a user can lose `read`. */
import { expect } from 'chai';
import type { WireClient } from '../../wire/wire-client.js';
import { KEY, tokenOf } from '../doors.js';
import type { Stage } from './stage.js';

/** What a way needs to take `read` from a user. */
export interface Losing {
  readonly stage: Stage;
  readonly manager: WireClient;
  /** Every connection of the user who loses it. */
  readonly own: readonly WireClient[];
  /** Lets the application refuse the user from now on. */
  readonly refuse: (user: string) => void;
}

/** One way to lose `read`. */
export interface Way {
  readonly name: string;
  /** Whether the user who loses `read` owns the thread. */
  readonly isOwner: boolean;
  /** Whether the application decides. */
  readonly asksApplication?: boolean;
  /** How the client learns of it: by `unsubscribed`, or by an error with this code that ends the connection. */
  readonly told: 'unsubscribed' | 'revoked' | 'expired';
  /** Takes the right away. Resolves to the token that the user has afterwards, if it is a new one. */
  readonly lose: (losing: Losing) => Promise<string | void>;
  /** Whether streams and tickets keep the right, since the older token that they were opened with still allows it. */
  readonly keepsOlderTokens?: boolean;
}

const post = async ({ url, user }: Stage): Promise<void> => {
  const response = await fetch(`${url}/api/users/${user}/revoke`, {
    method: 'POST',
    headers: { 'x-api-key': KEY },
    body: '{}'
  });
  expect(response.status).to.equal(200);
};

/** The ways. */
export const WAYS: readonly Way[] = [
  {
    name: 'removed',
    isOwner: false,
    told: 'unsubscribed',
    lose: async ({ stage: { thread, held, user }, manager }) => {
      await manager.ask({ type: 'member', thread: held, user, role: null });
      // The message comes right behind the change, so that both may be stored by one commit.
      manager.send(
        { type: 'member', thread, user, role: null },
        { type: 'publish', id: 'behind', thread, mid: 'behind', body: 'after' }
      );
      await manager.next(({ id }) => id === 'behind');
    }
  },
  {
    name: 'deleted',
    isOwner: false,
    told: 'unsubscribed',
    lose: async ({ stage }) => {
      for (const thread of [stage.held, stage.thread]) {
        await stage.api('DELETE', `${thread}/members/${stage.user}`);
      }
    }
  },
  {
    name: 'replaced',
    isOwner: true,
    told: 'unsubscribed',
    lose: async ({ stage }) => {
      for (const thread of [stage.held, stage.thread]) {
        await stage.api('PUT', `${thread}/owner`, { owner: stage.manager });
      }
    }
  },
  {
    name: 'publish-owner',
    isOwner: true,
    told: 'unsubscribed',
    lose: async ({ stage }) => {
      for (const thread of [stage.held, stage.thread]) {
        const message = { mid: 'moves', from: 'shop', body: 'after', expect: 'stored' };
        await stage.api('POST', `${thread}/messages`, { ...message, owner: stage.manager });
      }
    }
  },
  {
    name: 'narrowed',
    isOwner: true,
    told: 'unsubscribed',
    keepsOlderTokens: true,
    lose: async ({ stage, own }) => {
      const token = await tokenOf(stage.user, { threads: { other: ['read', 'write'] } });
      for (const each of own) {
        expect(await each.ask({ type: 'refresh', token })).to.include({ type: 'refreshed' });
      }
      return token;
    }
  },
  {
    name: 'revoked',
    isOwner: true,
    told: 'revoked',
    lose: ({ stage }) => post(stage)
  },
  {
    name: 'expired',
    isOwner: true,
    told: 'expired',
    keepsOlderTokens: true,
    lose: async ({ stage, own }) => {
      // A token is accepted for five seconds after its end, so there is time to use it.
      const token = await tokenOf(stage.user, {}, '-2s');
      for (const each of own) {
        expect(await each.ask({ type: 'refresh', token })).to.include({ type: 'refreshed' });
      }
      return token;
    }
  },
  {
    name: 'refused',
    isOwner: true,
    asksApplication: true,
    told: 'unsubscribed',
    lose: ({ refuse, stage }) => {
      refuse(stage.user);
      return Promise.resolve();
    }
  }
];
