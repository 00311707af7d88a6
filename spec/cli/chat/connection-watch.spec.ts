import { expect } from 'chai';
import { ConnectionWatch, type ConnectionNews } from '../../../cli/chat/connection-watch.js';
import { connect } from '../../../client/sdk/client.js';
import { FakeRollcall } from '../../client/sdk/fake-rollcall.js';
import { memoryWebSocket } from '../../client/sdk/memory-socket.js';
import { settle, VirtualClock } from '../../virtual-clock.js';

describe('ConnectionWatch', () => {
  /** Returns the message shown when the server closes the connection with this code and reason for good. */
  const endWords = async (code: number, reason: string): Promise<string> => {
    const clock = new VirtualClock();
    const server = new FakeRollcall(() => clock.now());
    const told: ConnectionNews[] = [];
    const client = connect('ws://fake/ws', {
      WebSocket: memoryWebSocket(server),
      clock,
      random: () => 0,
      token: 'a-token'
    });
    new ConnectionWatch(client, {
      address: 'ws://fake/ws',
      hasToken: true,
      clock,
      tell: (news) => told.push(news)
    });
    await settle();
    server.closeAll(code, reason);
    await settle();
    client.close();
    const last = told.at(-1);
    return last?.type === 'over' ? last.words : '';
  };

  const ends: [code: number, words: string][] = [
    [3500, 'the token has been revoked, it is of no use any more: sign in again'],
    [3503, 'this user was sent away by who runs the server'],
    [3507, 'this user may not connect'],
    [3501, 'the server closed the connection for good (3501)']
  ];
  for (const [code, words] of ends) {
    it(`says of the end with ${String(code)}: ${words}`, async () => {
      const said = await endWords(code, 'so it is');
      expect(said.slice(0, words.length)).to.equal(words);
      expect(said).to.not.include('a-token');
    });
  }
});
