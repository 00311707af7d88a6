import { expect } from 'chai';
import { markOf } from '../../../../../actors/agents/seeing/loop-marks.js';
import { BOARD_BYTES, LoopBoard } from '../../../../../server/wiring/agents/loop/loop-board.js';
import {
  BLOCKED_REPORT_MS,
  LOOK_MS,
  LoopJudge,
  type LoopLine
} from '../../../../../server/wiring/agents/loop/loop-judge.js';

const RUN = { agent: 'busy', thread: 't', run: 'r1' };

/** An event loop and the thread that watches it, on time that the spec lets pass. */
class Rig {
  private readonly memory = new SharedArrayBuffer(BOARD_BYTES);
  readonly loop = new LoopBoard(this.memory);
  private readonly thread = new LoopBoard(this.memory);
  private readonly judge = new LoopJudge();
  private atMs = 5_000;
  readonly lines: LoopLine[] = [];

  look(passedMs = LOOK_MS): void {
    this.atMs += passedMs;
    const line = this.judge.look(this.atMs, this.thread.read());
    if (line !== null) this.lines.push(line);
  }

  runs(seconds: number): void {
    for (let n = 0; n < seconds; n++) {
      this.loop.beat();
      this.look();
    }
  }

  blocks(ms: number): void {
    for (let passedMs = 0; passedMs < ms; passedMs += LOOK_MS) this.look();
  }

  get messages(): string[] {
    return this.lines.map(({ message }) => message);
  }
}

describe('LoopJudge', () => {
  it('says nothing while the loop runs, and nothing of a block that is shorter', () => {
    const rig = new Rig();
    rig.runs(30);
    rig.loop.enter(markOf(RUN));
    rig.blocks(BLOCKED_REPORT_MS - LOOK_MS);
    rig.loop.leave();
    rig.runs(30);
    expect(rig.lines).to.deep.equal([]);
  });

  it('names the agent, the thread and the run of a call that does not return, once, and says when it is over', () => {
    const rig = new Rig();
    rig.runs(3);
    rig.loop.enter(markOf(RUN));
    rig.blocks(BLOCKED_REPORT_MS);
    expect(rig.lines).to.deep.equal([
      {
        level: 'error',
        message:
          'the event loop is blocked for 10 s, nobody is answered: the agent busy was called and has not returned',
        fields: { actor: 'agents', ...RUN, blockedMs: BLOCKED_REPORT_MS }
      }
    ]);
    rig.blocks(20_000);
    expect(rig.lines).to.have.length(1);
    rig.loop.leave();
    rig.runs(2);
    expect(rig.lines[1]).to.deep.equal({
      level: 'warn',
      message: 'the event loop runs again, after at least 30 s',
      fields: { actor: 'agents', blockedMs: 30_000 }
    });
    rig.runs(30);
    expect(rig.lines).to.have.length(2);
  });

  it('names the newest call of several', () => {
    const rig = new Rig();
    for (const agent of ['a', 'an-agent-with-a-longer-name', 'b']) {
      rig.loop.enter(markOf({ ...RUN, agent }));
      rig.loop.leave();
    }
    rig.loop.enter(markOf({ ...RUN, agent: 'c' }));
    rig.runs(1);
    rig.blocks(BLOCKED_REPORT_MS);
    expect(rig.lines[0]?.fields).to.include({ agent: 'c' });
  });

  it('says that no agent was being called, and which have open runs', () => {
    const rig = new Rig();
    rig.loop.enter(markOf(RUN));
    rig.loop.leave();
    rig.loop.surround({ loading: [], open: ['busy', 'echo'] });
    rig.runs(1);
    rig.blocks(BLOCKED_REPORT_MS);
    expect(rig.messages).to.deep.equal([
      'the event loop is blocked for 10 s, nobody is answered: no agent was being called; agents with open runs: busy, echo'
    ]);
    expect(rig.lines[0]?.fields).to.not.have.property('agent');
  });

  it('names the modules that are being loaded', () => {
    const rig = new Rig();
    rig.loop.surround({ loading: ['/srv/agents.mjs'], open: [] });
    rig.runs(1);
    rig.blocks(BLOCKED_REPORT_MS);
    expect(rig.messages).to.deep.equal([
      'the event loop is blocked for 10 s, nobody is answered: no agent was being called; modules being loaded: /srv/agents.mjs'
    ]);
  });

  it('does not take the time for a block in which the whole process did not run', () => {
    const rig = new Rig();
    rig.runs(3);
    rig.look(3_600_000);
    rig.runs(3);
    expect(rig.lines).to.deep.equal([]);
  });

  it('says only what it knows when a text is longer than the memory for it', () => {
    const rig = new Rig();
    rig.loop.enter(markOf({ ...RUN, agent: 'x'.repeat(10_000) }));
    rig.loop.surround({ loading: ['/'.repeat(10_000)], open: ['echo'] });
    rig.runs(1);
    rig.blocks(BLOCKED_REPORT_MS);
    expect(rig.messages[0]).to.match(/: an agent was called and has not returned$/);
    rig.loop.leave();
    rig.runs(1);
    rig.blocks(BLOCKED_REPORT_MS);
    expect(rig.messages[2]).to.match(/: no agent was being called$/);
  });
});
