/**
 * Wires the inspector: it is made unless it is switched off, records the startup, and ends with the server. When it is
 * off, it adds nothing to any list.
 */
import type { Origins } from '../auth/origins.js';
import type { Actor } from 'xstate';
import type { Clock } from '../../actors/clock.js';
import type { Logger } from '../../actors/log-line.js';
import type { StartupMachine } from '../../machines/startup.machine.js';
import { SWEEP_MS, type Connections } from '../chat/connections.js';
import type { Config } from '../config/settings.js';
import type { OffPaths } from '../http/http.js';
import { Inspector, type InspectedParts, type InspectorOptions } from '../inspector/inspector.js';
import { VERSION } from './version.js';

/**
 * How long the startup is still recorded after the server has begun to serve, in milliseconds, so that the recording
 * has what the startup caused too.
 */
export const STARTUP_RECORDED_MS = SWEEP_MS;

const IS_OFF: OffPaths = {
  under: '/inspect',
  why: 'the inspector is switched off: set INSPECT=on, or INSPECT=token'
};

/** Options of {@link Inspection}. */
export interface InspectionOptions {
  readonly config: Config;
  readonly node: string;
  readonly origins: Origins;
  readonly wrongKeys: InspectorOptions['wrongKeys'];
  readonly root: () => Actor<StartupMachine>;
  readonly connections: Connections;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly contain: InspectorOptions['contain'];
}

/** The inspector of a server, on or off. */
export class Inspection {
  private readonly inspector: Inspector | null;
  private readonly options: InspectionOptions;

  constructor(options: InspectionOptions) {
    this.options = options;
    this.inspector = options.config.inspect === 'off' ? null : create(options);
  }

  /** Whether there is an inspector. */
  get isOn(): boolean {
    return this.inspector !== null;
  }

  /** Number of its open viewers. */
  get viewers(): number {
    return this.inspector?.viewers.size ?? 0;
  }

  /** Path and events of its viewers' WebSockets. */
  get endpoint(): Inspector['endpoint'] | undefined {
    return this.inspector?.endpoint;
  }

  /** Its HTTP routes. */
  get routes(): Inspector['routes'] {
    return this.inspector?.routes ?? [];
  }

  /** Paths that are off because it is off. */
  get off(): readonly OffPaths[] {
    return this.isOn ? [] : [IS_OFF];
  }

  /** Pages that are not served because it is off. */
  get hiddenPages(): readonly 'inspect'[] {
    return this.isOn ? [] : ['inspect'];
  }

  /**
   * Records the startup from its first moment, and ends the inspector with the server. Call it before the root starts.
   */
  followStartup(): void {
    const { inspector } = this;
    if (inspector === null) return;
    const { clock } = this.options;
    const root = this.options.root();
    let timer: unknown = null;
    root.on('startup.completed', () => {
      timer = clock.setTimeout(() => {
        inspector.finishStartup();
      }, STARTUP_RECORDED_MS);
    });
    root.on('draining', () => {
      clock.clearTimeout(timer);
    });
    // Viewers see the server stop, until the listener has closed.
    const ended = (): void => {
      inspector.end();
    };
    root.subscribe({ complete: ended, error: ended });
    inspector.beginStartup();
  }

  /** Removes the texts of messages from what was recorded of a thread, since one of them was erased. */
  forget(thread: string): void {
    this.inspector?.recorder.forget(thread);
  }

  /** Gives the inspector the threads, once there are any. */
  begin(parts: InspectedParts): void {
    this.inspector?.begin(parts);
  }
}

function create({ config, node, root, ...parts }: InspectionOptions): Inspector {
  const isDevelopment = config.environment === 'development';
  return new Inspector({
    ...parts,
    version: VERSION,
    node,
    environment: config.environment,
    token: config.inspect === 'token' ? (config.inspectToken ?? null) : null,
    showsBodies: config.inspectBodies,
    maySend: isDevelopment,
    root
  });
}
