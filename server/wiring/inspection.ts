/**
 * The inspector, wired: made unless it is switched off, shown the startup, and told when the server has ended. Where it
 * is off, it adds nothing to any list.
 */
import type { Actor } from 'xstate';
import type { Clock } from '../../actors/clock.js';
import type { Logger } from '../../actors/log-line.js';
import type { StartupMachine } from '../../machines/startup.machine.js';
import { SWEEP_MS, type Connections } from '../chat/connections.js';
import type { Config } from '../config/config.js';
import type { OffPaths } from '../http/http.js';
import { Inspector, type InspectedParts, type InspectorOptions } from '../inspector/inspector.js';
import { VERSION } from './version.js';

/** How long after the server has begun to serve the startup is still recorded: what it set going is seen too. */
export const STARTUP_RECORDED_MS = SWEEP_MS;

const IS_OFF: OffPaths = {
  under: '/inspect',
  why: 'the inspector is switched off: set INSPECT=on, or INSPECT=token'
};

/** What the inspector is made of. */
export interface InspectionOptions {
  readonly config: Config;
  readonly node: string;
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

  /** Where its viewers connect. */
  get endpoint(): Inspector['endpoint'] | undefined {
    return this.inspector?.endpoint;
  }

  /** What it answers over HTTP. */
  get routes(): Inspector['routes'] {
    return this.inspector?.routes ?? [];
  }

  /** Paths at which nothing is because it is off. */
  get off(): readonly OffPaths[] {
    return this.isOn ? [] : [IS_OFF];
  }

  /** Pages that are not served because it is off. */
  get hiddenPages(): readonly 'inspect'[] {
    return this.isOn ? [] : ['inspect'];
  }

  /** Records the startup from its first moment on, and ends with the server. Call it before the root is started. */
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
    // Whoever watches sees it stop, until the listener has gone.
    const ended = (): void => {
      inspector.end();
    };
    root.subscribe({ complete: ended, error: ended });
    inspector.beginStartup();
  }

  /** Shows the threads, once there are such. */
  begin(parts: InspectedParts): void {
    this.inspector?.begin(parts);
  }
}

function create({ config, node, root, ...parts }: InspectionOptions): Inspector {
  const isDevelopment = config.environment === 'development';
  if (config.inspect === 'on' && !isDevelopment) {
    parts.logger.warn(
      'The inspector is open to everybody who reaches this server: set INSPECT=token and INSPECT_TOKEN, or INSPECT=off',
      { actor: 'inspector' }
    );
  }
  return new Inspector({
    ...parts,
    version: VERSION,
    node,
    environment: config.environment,
    token: config.inspect === 'token' ? (config.inspectToken ?? null) : null,
    allowedOrigins: config.allowedOrigins,
    showsBodies: config.inspectBodies,
    maySend: isDevelopment,
    root
  });
}
