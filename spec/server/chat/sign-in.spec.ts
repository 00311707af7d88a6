import { expect } from 'chai';
import { tokenless } from '../../../server/access/identity.js';
import type { Authenticator } from '../../../server/auth/auth.js';
import { settle } from '../../virtual-clock.js';
import { doors } from '../doors-rig.js';

describe('refresh', () => {
  it('checks one token at a time', async () => {
    let finish: () => void = () => undefined;
    let checks = 0;
    const auth: Authenticator = {
      isRequired: true,
      verify: async () => {
        checks++;
        if (checks > 1) {
          await new Promise<void>((resolve) => {
            finish = resolve;
          });
        }
        return { ...tokenless('ada'), expiresAt: 5_000 };
      }
    };
    const { say, socket } = await doors('token', 0, undefined, { auth }).socket();
    say(JSON.stringify({ type: 'refresh', id: 1, token: 'a' }));
    say(JSON.stringify({ type: 'refresh', id: 2, token: 'b' }));
    expect(socket.frames.at(-1)).to.include({ id: 2, code: 'rate_limited', retry: true });
    expect(checks).to.equal(2);
    finish();
    await settle();
    expect(socket.frames.at(-1)).to.include({ type: 'refreshed', id: 1, expiresAt: 5_000 });
    say(JSON.stringify({ type: 'refresh', id: 3, token: 'c' }));
    expect(checks).to.equal(3);
    finish();
    await settle();
    expect(socket.frames.at(-1)).to.include({ type: 'refreshed', id: 3 });
  });
});
