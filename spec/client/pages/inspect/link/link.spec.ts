import { expect } from 'chai';
import type { RecordedMessage, Recording } from '../../../../../protocol/inspection.js';
import {
  Link,
  REQUEST_MS,
  RETRY_MAX_MS,
  RETRY_MIN_MS,
  type LinkAnswer,
  type LinkSocketEvents
} from '../../../../../client/pages/inspect/link/link.js';
import { settle, VirtualClock } from '../../../../virtual-clock.js';
import { met, recordingOf } from '../recorded.js';

interface FakeSocket {
  readonly path: string;
  readonly protocols: readonly string[];
  readonly events: LinkSocketEvents;
  readonly sent: string[];
  isClosed: boolean;
}

const RECORDING_STATE = { isOn: false, messages: 1, messagesMax: 9, dropped: 0 };
const HELLO = {
  type: 'inspect.hello',
  version: '0.1.0',
  node: 'n1',
  environment: 'development',
  maySend: true,
  showsBodies: false,
  seq: 1,
  recording: RECORDING_STATE
};

describe('Link', () => {
  let clock: VirtualClock;
  let sockets: FakeSocket[];
  let asked: (string | null)[];
  let answer: () => Promise<LinkAnswer>;
  let heard: string[];
  let states: string[];
  let link: Link;

  const make = (token: string | null = null): void => {
    link = new Link(
      {
        clock,
        open: (path, protocols, events) => {
          const socket: FakeSocket = { path, protocols, events, sent: [], isClosed: false };
          sockets.push(socket);
          return {
            send: (text) => socket.sent.push(text),
            close: () => {
              socket.isClosed = true;
            }
          };
        },
        ask: (_path, shown) => {
          asked.push(shown);
          return answer();
        },
        random: () => 1,
        changed: () => states.push(link.state),
        hello: ({ node }) => heard.push(`hello ${node}`),
        recording: ({ messages }: Recording) => heard.push(`recording ${String(messages.length)}`),
        message: ({ seq }: RecordedMessage) => heard.push(`message ${String(seq)}`),
        state: ({ isOn }) => heard.push(`recording is ${isOn ? 'on' : 'off'}`),
        dropped: (count) => heard.push(`dropped ${String(count)}`)
      },
      token
    );
    link.start();
  };
  const last = (): FakeSocket => sockets.at(-1)!;
  const say = (message: object): void => {
    last().events.message(JSON.stringify(message));
  };
  const message = (seq: number) => met(seq, { sessionId: 'x:1' });

  beforeEach(() => {
    clock = new VirtualClock();
    sockets = [];
    asked = [];
    heard = [];
    states = [];
    answer = () => Promise.resolve({ code: 200, text: JSON.stringify(recordingOf([message(1)])) });
  });

  const live = async (): Promise<void> => {
    make();
    last().events.open();
    await settle();
  };

  it('gives the recording first, and then what came while it was loaded', async () => {
    make();
    last().events.open();
    say(HELLO);
    say(message(2));
    expect(heard).to.eql(['hello n1']);
    await settle();
    say(message(3));
    expect(heard).to.eql(['hello n1', 'recording 1', 'message 2', 'message 3']);
    expect(states).to.eql(['connecting', 'loading', 'live']);
    expect(last().protocols).to.eql(['rollcall.inspect.v1']);
  });

  it('tells how the recording stands and what was dropped, and passes over what it does not know', async () => {
    await live();
    heard = [];
    say({ type: 'inspect.recording', recording: { ...RECORDING_STATE, isOn: true } });
    say({ type: 'inspect.dropped', count: 7 });
    say({ type: 'inspect.ping' });
    say({ type: 'inspect.hello', node: 5 });
    say({ type: 'inspect.reply', id: 99, ok: true, result: {} });
    last().events.message('not JSON');
    expect(heard).to.eql(['recording is on', 'dropped 7']);
  });

  it('comes back by itself, at first soon and then more seldom', async () => {
    answer = () => Promise.reject(new Error('nobody there'));
    make();
    const waits: (number | null)[] = [];
    for (let attempt = 0; attempt < 6; attempt++) {
      last().events.closed();
      await settle();
      expect(link.state).to.equal('waiting');
      waits.push(clock.nextMs);
      await clock.advance(clock.nextMs ?? 0);
    }
    expect(waits[0]).to.equal(RETRY_MIN_MS);
    expect(waits.at(-1)).to.equal(RETRY_MAX_MS);
    expect([link.state, link.why], 'the reason holds while it is tried again').to.eql([
      'connecting',
      'nothing answers at this address'
    ]);
  });

  it('says that nobody answers while it waits', async () => {
    answer = () => Promise.reject(new Error('nobody there'));
    make();
    last().events.closed();
    await settle();
    expect(link.why).to.equal('nothing answers at this address');
  });

  it('loads the recording again after it was away', async () => {
    await live();
    last().events.closed();
    await clock.advance(RETRY_MAX_MS);
    last().events.open();
    await settle();
    expect(heard).to.eql(['recording 1', 'recording 1']);
    expect(link.state).to.equal('live');
  });

  it('comes back for the recording when the server gives out none just now', async () => {
    const good = answer;
    answer = () => Promise.resolve({ code: 503, text: '{}' });
    make();
    last().events.open();
    await settle();
    expect([link.state, link.why]).to.eql(['waiting', 'its recording could not be loaded']);
    answer = good;
    await clock.advance(RETRY_MAX_MS);
    last().events.open();
    await settle();
    expect(heard).to.eql(['recording 1']);
    expect(link.state).to.equal('live');
  });

  it('asks for a token when the server does, and shows it in the upgrade', async () => {
    answer = () => Promise.resolve({ code: 401, text: JSON.stringify({ detail: 'no token' }) });
    make();
    last().events.closed();
    await settle();
    expect([link.state, link.why]).to.eql(['locked', 'no token']);
    expect(clock.waiting, 'it does not try again by itself').to.equal(0);
    link.unlock('abc');
    expect(last().protocols).to.eql(['rollcall.inspect.v1', 'bearer.abc']);
    expect(last().path).to.equal('/inspect/ws');
    last().events.closed();
    await settle();
    expect(asked).to.eql([null, 'abc']);
  });

  it('shows a token that is no subprotocol in the address', () => {
    make('a/b =');
    expect(last().protocols).to.eql(['rollcall.inspect.v1']);
    expect(last().path).to.equal('/inspect/ws?token=a%2Fb%20%3D');
  });

  it('says that there is no inspector when there is none', async () => {
    answer = () => Promise.resolve({ code: 404, text: JSON.stringify({ detail: 'switched off' }) });
    make();
    last().events.closed();
    await settle();
    expect([link.state, link.why]).to.eql(['off', 'switched off']);
  });

  it('answers a request with its reply, and refuses one that is no reply', async () => {
    await live();
    const reply = link.request('inspect.record', { on: true });
    expect(JSON.parse(last().sent[0]!)).to.eql({ type: 'inspect.record', id: 1, on: true });
    say({ type: 'inspect.reply', id: 1, ok: true, result: { recording: RECORDING_STATE } });
    expect(await reply).to.eql({ recording: RECORDING_STATE });
    const odd = link.request('inspect.watch', { threads: [], everything: false });
    say({ type: 'inspect.reply', id: 2, ok: true, result: { watched: 'all' } });
    expect(await odd.catch(String)).to.include('answered something else');
  });

  it('says why a request is refused, is not answered, or cannot be sent', async () => {
    make();
    const ask = () => link.request('inspect.send', { sessionId: 'x', event: { type: 'go' } });
    const refused = ask();
    say({ type: 'inspect.reply', id: 1, ok: false, message: 'there is no such actor' });
    expect(await refused.catch(String)).to.equal('Error: there is no such actor');
    const slow = ask().catch(String);
    await clock.advance(REQUEST_MS);
    expect(await slow).to.equal('Error: the server has not answered');
    const lost = ask().catch(String);
    last().events.closed();
    expect(await lost).to.equal('Error: the connection to the server was lost');
    expect(await ask().catch(String)).to.equal('Error: there is no connection to the server');
  });

  it('hears no more of a socket that it has left', async () => {
    await live();
    const before = last();
    link.start();
    expect(before.isClosed).to.equal(true);
    heard = [];
    before.events.message(JSON.stringify(message(9)));
    before.events.closed();
    expect(heard).to.eql([]);
    expect(link.state).to.equal('connecting');
  });
});
