import { expect } from 'chai';
import { Socket, type WebSocketConstructor } from '../../../../client/sdk/connection/socket.js';
import { VirtualClock } from '../../../virtual-clock.js';

describe('Socket', () => {
  it('cuts a connection that does not end a second after it was let go of', async () => {
    const clock = new VirtualClock();
    let cuts = 0;
    const deaf = class {
      readonly readyState = 1;
      addEventListener(): void {
        // nothing ever comes
      }
      send(): void {
        // nobody listens
      }
      close(): void {
        // no close frame comes back
      }
      terminate(): void {
        cuts += 1;
      }
    } as unknown as WebSocketConstructor;
    const ignore = (): void => undefined;
    const events = { open: ignore, frame: ignore, bad: ignore, gone: ignore };
    new Socket(deaf, 'ws://fake', clock, events).drop();
    expect(cuts).to.equal(0);
    await clock.advance(1_000);
    expect(cuts).to.equal(1);
  });
});
