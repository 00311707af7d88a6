import { expect } from 'chai';
import {
  LoopBoard,
  type LoopReading
} from '../../../../../server/wiring/agents/loop/loop-board.js';
import { LoopWatch } from '../../../../../server/wiring/agents/loop/loop-watch.js';
import { VirtualClock } from '../../../../virtual-clock.js';

describe('LoopWatch', () => {
  let clock: VirtualClock;
  let warned: unknown[];
  let board: LoopBoard | null;
  let ended: number;
  let fail: (reason: string) => void;
  let watch: LoopWatch;

  beforeEach(() => {
    clock = new VirtualClock();
    warned = [];
    board = null;
    ended = 0;
    watch = new LoopWatch({
      clock,
      logger: { warn: (_message, fields) => warned.push(fields?.['reason']) },
      format: 'json',
      isQuiet: false,
      startThread: ({ memory }, failed) => {
        board = new LoopBoard(memory);
        fail = failed;
        return {
          end: () => {
            ended++;
            return Promise.resolve();
          }
        };
      }
    });
  });

  const read = (): LoopReading => board!.read();
  const around = (): unknown => JSON.parse(read().around);

  it('starts nothing before it is told to, and then once', async () => {
    watch.enter('x');
    watch.leave();
    expect(board).to.equal(null);
    watch.start();
    const first = board;
    watch.start();
    expect(board).to.equal(first);
    await watch.stop();
    expect(ended).to.equal(1);
    expect(clock.waiting).to.equal(0);
  });

  it('beats every second until it is stopped', async () => {
    watch.start();
    const { beats } = read();
    await clock.advance(3_000);
    expect(read().beats).to.equal(beats + 3);
    await watch.stop();
    await clock.advance(3_000);
    expect(read().beats).to.equal(beats + 3);
  });

  it('shows the call, the open agents, and the modules that are being loaded, also when one fails', async () => {
    watch.start();
    watch.enter('a run');
    expect(read().call).to.equal('a run');
    watch.leave();
    expect(read().call).to.equal(null);
    watch.open(['a']);
    expect(around()).to.deep.equal({ loading: [], open: ['a'] });
    const loads = ['/a', '/b'].map((path) =>
      watch.whileLoading(path, () => Promise.reject(new Error('no'))).catch(() => null)
    );
    expect(around()).to.deep.equal({ loading: ['/a', '/b'], open: ['a'] });
    await Promise.all(loads);
    expect(around()).to.deep.equal({ loading: [], open: ['a'] });
    await watch.stop();
  });

  it('says when its thread ends by itself', () => {
    watch.start();
    fail('out of memory');
    expect(warned).to.deep.equal(['out of memory']);
  });
});
