/** Several nodes with their threads on one log, as if every node applied at once, over a network on virtual time. */
import { awakeTimers } from '../../../actors/awake-timers.js';
import { ClusterBus } from '../../../actors/bus/cluster-bus.js';
import type { Ephemeral } from '../../../actors/bus/bus.js';
import { Transitions } from '../../../actors/facts/transitions.js';
import { DeliveryCounts } from '../../../actors/monitor/delivery-counts.js';
import { Incidents } from '../../../actors/monitor/incidents.js';
import type { NodeAbout } from '../../../actors/nodes/node-message.js';
import { Threads } from '../../../actors/threads/threads.js';
import type { VirtualClock } from '../../virtual-clock.js';
import type { MemoryLog } from '../log/memory-log.js';
import { RecordedLogger } from '../recorded-logger.js';
import type { FakeNetwork, FakeNodeBus } from './fake-node-bus.js';

/** What a node of a spec says of itself. */
export const ABOUT: NodeAbout = {
  startedAt: 0,
  version: '0.0.0',
  url: 'http://127.0.0.1:1',
  status: 'ready',
  connections: 0,
  threads: 0,
  lagMs: 0,
  positions: []
};

/** Parts that the nodes share. */
export interface ClusterParts {
  readonly clock: VirtualClock;
  readonly network: FakeNetwork;
  readonly log: MemoryLog;
  readonly graceMs: number;
}

/** One node of the rig. */
export class RigNode {
  readonly end: FakeNodeBus;
  readonly bus: ClusterBus;
  readonly threads: Threads;
  readonly logger = new RecordedLogger();
  readonly told: Ephemeral[] = [];
  private readonly clock: VirtualClock;
  private last = 0;

  constructor(name: string, { clock, network, log, graceMs }: ClusterParts) {
    const { logger } = this;
    this.clock = clock;
    this.end = network.join(name);
    this.bus = new ClusterBus({
      bus: this.end,
      clock: awakeTimers(clock),
      about: () => ABOUT,
      onFault: (reason) => {
        throw new Error(reason);
      },
      node: {
        tell: (frame) => this.told.push(frame),
        isReachable: () => false,
        fallback: () => 0,
        cut: () => undefined,
        kick: () => 0,
        changeRun: () => undefined,
        given: (thread, offset, author) => this.threads.given(thread, offset, author)
      }
    });
    this.threads = new Threads({
      log,
      feed: log.feed,
      clock,
      logger,
      incidents: new Incidents({ clock, logger }),
      transitions: new Transitions({ clock, record: () => null }),
      monitor: {
        undelivered: () => undefined,
        delivered: () => undefined,
        watched: () => undefined
      },
      stopwatch: () => clock.now(),
      counts: new DeliveryCounts(),
      testThreadPrefixes: [],
      graceMs,
      audience: { fanOut: () => undefined },
      bus: this.bus,
      elsewhere: this.bus
    });
    this.threads.open();
  }

  /** Publishes a message here. */
  publish(thread: string, user: string): void {
    const mid = `${this.end.node}-${String((this.last += 1))}`;
    const entry = { mid, user, kind: 'user_message', bodyJson: '{}', at: this.clock.now() };
    this.threads.publish(this.threads.get(thread), entry, false, () => undefined);
  }

  /** Subscribes a user here, with everything that is stored. Returns a function that ends it. */
  subscribe(thread: string, user: string): () => void {
    this.threads.enter(this.threads.get(thread), user);
    this.threads.caughtUp(this.threads.get(thread), user);
    return () => {
      this.threads.leave(this.threads.get(thread), user);
    };
  }

  /** Number of incidents that it has reported. */
  get incidents(): number {
    return this.logger.with('Cannot deliver message').length;
  }

  /** Ends it as the loss of its process would. */
  kill(): void {
    this.end.kill();
    this.bus.close();
    this.threads.close();
  }
}
