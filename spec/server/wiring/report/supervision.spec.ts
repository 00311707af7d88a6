import { expect } from 'chai';
import {
  newChild,
  type ChildState,
  type ChildStatus
} from '../../../../machines/supervision/child-state.js';
import type { ChildSpec } from '../../../../machines/supervision/child-spec.js';
import { monitorMachine } from '../../../../machines/monitor.machine.js';
import { VirtualClock } from '../../../virtual-clock.js';
import { Supervision } from '../../../../server/wiring/report/supervision.js';

function childOf(required: boolean, status: ChildStatus, losses: number): ChildState {
  const spec: ChildSpec = {
    id: 'part',
    logic: monitorMachine,
    required,
    restart: 'permanent',
    startTimeoutMs: 1_000,
    shutdownMs: 1_000
  };
  return { ...newChild(spec, 0), status, losses, error: status === 'ready' ? null : 'broken' };
}

describe('Supervision', () => {
  const follow = (...states: readonly ChildState[]): string[] => {
    const lines: string[] = [];
    const line = (level: string) => (message: string) => {
      lines.push(`${level} ${message}`);
    };
    const logger = { warn: line('warn'), info: line('info') };
    const supervision = new Supervision({ clock: new VirtualClock(), logger });
    for (const state of states) supervision.follow({ services: [state] });
    return lines;
  };

  it('tells a loss once, however often the part is tried, and when it is well again', () => {
    expect(
      follow(
        childOf(true, 'restarting', 1),
        childOf(true, 'starting', 1),
        childOf(true, 'restarting', 2),
        childOf(true, 'ready', 2),
        childOf(true, 'ready', 0)
      )
    ).to.deep.equal(['warn part was lost and is started again: broken', 'info part is well again']);
  });

  it('warns of an optional part that is given up', () => {
    expect(follow(childOf(false, 'failed', 0))).to.deep.equal(['warn part has failed: broken']);
  });

  it('leaves a required part that is given up to the CRITICAL line of the end that follows', () => {
    expect(follow(childOf(true, 'failed', 0))).to.deep.equal([]);
  });
});
