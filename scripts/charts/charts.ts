/** The charts that `npm run charts` exports: one for each file `*.machine.ts` below `machines/`. */
import type { AnyStateMachine } from 'xstate';
import { createClickhouseMachine } from '../../machines/clickhouse/clickhouse.machine.js';
import { createConnectionMachine } from '../../machines/client-connection.machine.js';
import { deliveryMachine } from '../../machines/delivery/delivery.machine.js';
import { handlersMachine } from '../../machines/handlers.machine.js';
import { createKeeperMachine } from '../../machines/supervision/keeper.machine.js';
import { monitorMachine } from '../../machines/monitor.machine.js';
import { serviceMachine } from '../../machines/service.machine.js';
import { runMachine } from '../../machines/agents/run.machine.js';
import { createSinkMachine } from '../../machines/clickhouse/sink.machine.js';
import { createNatsMachine } from '../../machines/nats/nats.machine.js';
import { createStartupMachine } from '../../machines/startup.machine.js';
import { createWebhooksMachine } from '../../machines/webhooks/webhooks.machine.js';
import { createSupervisorMachine } from '../../machines/supervision/supervisor.machine.js';

/** A chart to be exported. */
export interface ExportedChart {
  /** Id of the machine and name of its files: `docs/charts/<name>.svg`. */
  readonly name: string;
  /** Folder of its source, `<name>.machine.ts`. */
  readonly folder: string;
  readonly machine: AnyStateMachine;
  /** What it decides, in one sentence. */
  readonly sentence: string;
}

// Only the drawing is needed, and it does not depend on the clock, the random numbers or the limits.
const outside = { now: () => 0, elapsed: () => 0, random: () => 0 };
const child = {
  id: 'child',
  logic: serviceMachine,
  required: true,
  restart: 'permanent',
  requires: [],
  startTimeoutMs: 1_000,
  shutdownMs: 1_000
} as const;

/** The charts, from the root of the server down; the client's comes last. */
export const CHARTS: readonly ExportedChart[] = [
  {
    name: 'startup',
    folder: 'machines',
    machine: createStartupMachine(outside),
    sentence:
      'The whole server: it starts the phases in order, each behind a guard, serves, and stops them in reverse order.'
  },
  {
    name: 'supervisor',
    folder: 'machines/supervision',
    machine: createSupervisorMachine(outside),
    sentence:
      'One phase: it starts its children one after the other, restarts those that go down, and fails when that happens too often.'
  },
  {
    name: 'keeper',
    folder: 'machines/supervision',
    machine: createKeeperMachine(child, 1_000),
    sentence: 'The life of one supervised child, from the order to start it to its end.'
  },
  {
    name: 'service',
    folder: 'machines',
    machine: serviceMachine,
    sentence: 'One resource, such as the log or the listener: it is opened, ready, and closed.'
  },
  {
    name: 'handlers',
    folder: 'machines',
    machine: handlersMachine,
    sentence:
      'The handler registry: without handlers it is initializing while the grace runs, and warns once after it.'
  },
  {
    name: 'monitor',
    folder: 'machines',
    machine: monitorMachine,
    sentence:
      'The monitor: it refuses to start without handlers to watch; its state is the worst level of its findings.'
  },
  {
    name: 'clickhouse',
    folder: 'machines/clickhouse',
    machine: createClickhouseMachine({
      mode: 'embedded',
      required: false,
      timeoutMs: 1_000,
      attempts: 1,
      deadlineMs: 1_000,
      retryMaxMs: 1_000,
      ...outside
    }),
    sentence:
      'The connection to ClickHouse: a required one delays startup for a number of attempts, an optional one connects in the background.'
  },
  {
    name: 'sink',
    folder: 'machines/clickhouse',
    machine: createSinkMachine({ retryMaxMs: 1_000, ...outside }),
    sentence:
      'The sink copies rows from the log into ClickHouse in batches, pauses for the chat, and waits while ClickHouse is away.'
  },
  {
    name: 'nats',
    folder: 'machines/nats',
    machine: createNatsMachine(outside),
    sentence:
      'The connection to the brokers of several nodes: it tries without a limit, and moves to another broker when its own is lost.'
  },
  {
    name: 'webhooks',
    folder: 'machines/webhooks',
    machine: createWebhooksMachine(outside),
    sentence:
      'The webhooks: events of each thread are sent in order, several threads at once; a receiver that is away is tried with growing waits.'
  },
  {
    name: 'run',
    folder: 'machines/agents',
    machine: runMachine,
    sentence:
      'One run of an agent: it waits in the queue, is at work, asks people, and has one end, which the log decides.'
  },
  {
    name: 'delivery',
    folder: 'machines/delivery',
    machine: deliveryMachine,
    sentence:
      'One thread: whether somebody is subscribed, whether messages are held, and when they are reported as undelivered.'
  },
  {
    name: 'client-connection',
    folder: 'machines',
    machine: createConnectionMachine({
      hasToken: true,
      now: outside.now,
      retryDelayMs: () => 0
    }),
    sentence:
      'The connection of a client: it fetches a token, opens a socket, waits for the greeting, and reconnects after every loss.'
  }
];

/** Ids of the parts that a server supervises. Each has a keeper whose chart contains the part's name. */
const SUPERVISED: readonly string[] = [
  'thread-log',
  'agents',
  'listener',
  'handler-registry',
  'monitor',
  'sweep',
  'clickhouse',
  'sink',
  'nats',
  'nodes',
  'webhooks',
  'loopback-probe'
];

/** Machines whose layouts are shipped in one file, by the name of that file and of their chart. */
export const SHIPPED: ReadonlyMap<string, readonly AnyStateMachine[]> = new Map(
  CHARTS.map(({ name, machine }) => [
    name,
    name === 'keeper'
      ? SUPERVISED.map((id) => createKeeperMachine({ ...child, id }, 1_000))
      : [machine]
  ])
);
