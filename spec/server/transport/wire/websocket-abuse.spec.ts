import { expect } from 'chai';
import { ENGINES, Rig } from '../transport-rig.js';
import { OP, frame, pieces } from './autobahn-frames.js';
import { Wire } from './wire.js';

/** Valid and invalid offers of compression: those of groups 12 and 13 of Autobahn's suite, and more. */
const OFFERS: Readonly<Record<string, string>> = {
  'as a browser offers it': 'permessage-deflate; client_max_window_bits',
  'with every parameter':
    'permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=9; client_max_window_bits=15',
  'with several fallbacks':
    'permessage-deflate; server_max_window_bits=10, permessage-deflate; client_no_context_takeover, permessage-deflate',
  'with a window of 7 bits': 'permessage-deflate; server_max_window_bits=7',
  'with a window of 16 bits': 'permessage-deflate; client_max_window_bits=16',
  'with a window that is no number': 'permessage-deflate; server_max_window_bits=x',
  'with a negative window': 'permessage-deflate; server_max_window_bits=-9',
  'with a parameter twice':
    'permessage-deflate; server_no_context_takeover; server_no_context_takeover',
  'with a value where none may be': 'permessage-deflate; client_no_context_takeover=1',
  'with an unknown parameter': 'permessage-deflate; depth=3',
  'with an open quote': 'permessage-deflate; server_max_window_bits="10',
  'with nothing in it': '',
  'with commas only': ',,,',
  'of an older name': 'x-webkit-deflate-frame',
  'of an unknown name': 'foo; bar="baz"',
  'of a hundred': Array.from({ length: 100 }, () => 'permessage-deflate').join(',')
};

/** A deflated "Hello", as RFC 7692 has it. */
const DEFLATED = frame(OP.text, Buffer.from('f248cdc9c90700', 'hex'), { rsv: 4 });

/** Traffic that extends no deadline of a connection, however long it lasts. */
const DRIBBLED: Readonly<Record<string, readonly Buffer[]>> = {
  'a frame of which a byte comes now and then': pieces(frame(OP.text, 'x'.repeat(200)), 1).slice(
    0,
    -1
  ),
  'a message of which an empty fragment comes now and then': [
    frame(OP.text, 'x', { fin: false }),
    ...Array.from({ length: 50 }, () => frame(OP.more, '', { fin: false }))
  ],
  'pings and pongs of WebSocket': Array.from({ length: 50 }, (_, n) =>
    frame(n % 2 === 0 ? OP.ping : OP.pong, 'x')
  )
};

for (const [engine, create] of Object.entries(ENGINES)) {
  describe(`${engine} with a WebSocket that is abused`, () => {
    let rig: Rig;
    let wire: Wire;

    beforeEach(async () => {
      rig = new Rig(create);
      await rig.start();
      wire = new Wire(rig.port);
    });
    afterEach(async () => {
      wire.drop();
      await rig.stop();
    });

    for (const [what, offer] of Object.entries(OFFERS)) {
      it(`agrees on no compression that is offered ${what}, and takes no compressed message`, async () => {
        await wire.upgrade({ 'Sec-WebSocket-Extensions': offer });
        expect(wire.statuses).to.deep.equal(['101']);
        expect(wire.text.toLowerCase()).to.not.include('sec-websocket-extensions');
        wire.write(frame(OP.text, 'plain'));
        wire.write(DEFLATED);
        await wire.until(() => false);
        expect(rig.events.messages()).to.deep.equal(['plain']);
      });
    }

    for (const [what, writes] of Object.entries(DRIBBLED)) {
      it(`hears nothing in ${what}, so that it ends as one that is silent`, async () => {
        await wire.upgrade();
        for (const bytes of writes) {
          wire.write(bytes);
          await new Promise((resolve) => setImmediate(resolve));
        }
        await rig.events.socket('c');
        expect(rig.events.seen.map(({ kind }) => kind)).to.deep.equal(['open']);
      });
    }
  });
}
