/** Every chart that runs, as it is exported: one for each file `*.machine.ts` below `machines/`. */
import type { AnyStateMachine } from 'xstate';
import { createClickhouseMachine } from '../../machines/clickhouse/clickhouse.machine.js';
import { createConnectionMachine } from '../../machines/client-connection.machine.js';
import { deliveryMachine } from '../../machines/delivery/delivery.machine.js';
import { handlersMachine } from '../../machines/handlers.machine.js';
import { createKeeperMachine } from '../../machines/supervision/keeper.machine.js';
import { monitorMachine } from '../../machines/monitor.machine.js';
import { serviceMachine } from '../../machines/service.machine.js';
import { createSinkMachine } from '../../machines/clickhouse/sink.machine.js';
import { createStartupMachine } from '../../machines/startup.machine.js';
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

// A chart looks the same whatever its clock, its chance and its limits are.
const outside = { now: () => 0, random: () => 0 };
const child = {
  id: 'child',
  logic: serviceMachine,
  required: true,
  restart: 'permanent',
  requires: [],
  startTimeoutMs: 1_000,
  shutdownMs: 1_000
} as const;

/** The charts, from the root of the server down, and last the one of the clients. */
export const CHARTS: readonly ExportedChart[] = [
  {
    name: 'startup',
    folder: 'machines',
    machine: createStartupMachine(outside),
    sentence:
      'The whole server: phases that start in guarded order, serving, and the way out in reverse order.'
  },
  {
    name: 'supervisor',
    folder: 'machines/supervision',
    machine: createSupervisorMachine(outside),
    sentence:
      'One phase: starts its children one after the other, starts the lost ones again, and knows when that is no use.'
  },
  {
    name: 'keeper',
    folder: 'machines/supervision',
    machine: createKeeperMachine(child, 1_000),
    sentence: 'The life of one supervised child, from the order to start it to how it ended.'
  },
  {
    name: 'service',
    folder: 'machines',
    machine: serviceMachine,
    sentence:
      'One resource with a life of its own, such as the log or the listener: taken, ready, let go of.'
  },
  {
    name: 'handlers',
    folder: 'machines',
    machine: handlersMachine,
    sentence:
      'The handler registry: no handlers is initializing while the grace runs, and worth one warning after it.'
  },
  {
    name: 'monitor',
    folder: 'machines',
    machine: monitorMachine,
    sentence:
      'The monitor: refuses to start when there are no handlers to watch, then is as bad as the worst that it finds.'
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
      'The connection to ClickHouse: required, it holds the start up for so many attempts; optional, it comes when it comes.'
  },
  {
    name: 'sink',
    folder: 'machines/clickhouse',
    machine: createSinkMachine({ retryMaxMs: 1_000, ...outside }),
    sentence:
      'The way from the log into ClickHouse, in batches, with rests for the chat and waits while the store is away.'
  },
  {
    name: 'delivery',
    folder: 'machines/delivery',
    machine: deliveryMachine,
    sentence:
      'One thread: whether somebody is there, what waits for somebody, and when a message is reported undeliverable.'
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
      'The connection of a client: a token, a socket, the greeting, and back again after every loss.'
  }
];
