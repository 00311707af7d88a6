/** Wires the webhooks; without WEBHOOK_URL there are none, and nothing waits for them. */
import type { Clock } from '../../../actors/clock.js';
import type { Logger } from '../../../actors/log-line.js';
import type { OutboxPolicy } from '../../../actors/log/outbox.js';
import type { ThreadLog } from '../../../actors/log/thread-log.js';
import type { Incidents } from '../../../actors/monitor/incidents.js';
import type { Monitor } from '../../../actors/monitor/monitor.js';
import { createReceiver, type Receiver } from '../../../actors/webhooks/receiver.js';
import { WebhookPolicy } from '../../../actors/webhooks/webhook-policy.js';
import { Webhooks } from '../../../actors/webhooks/webhooks.js';
import type { ChildSpec } from '../../../machines/supervision/child-spec.js';
import { AGENT_PREFIX } from '../../../protocol/user-name.js';
import { MEMBER_KIND, membersOf } from '../../access/member-records.js';
import type { Config } from '../../config/settings.js';
import type { WebhooksRow } from '../report/status-report.js';
import { VERSION } from '../version.js';

/** Options of {@link WebhookParts}. */
export interface WebhookPartsOptions {
  readonly config: Config;
  readonly clock: Clock;
  /** Returns a random number in [0, 1). */
  readonly random: () => number;
  readonly logger: Logger;
  readonly incidents: Incidents;
  readonly monitor: Pick<Monitor, 'webhooks'>;
  /** Returns the open log; null while there is none. */
  readonly log: () => ThreadLog | null;
  readonly connections: {
    onArrival: (user: string) => void;
    of(user: string): Iterable<unknown>;
  };
}

/** The webhooks of a server, if it has any. */
export class WebhookParts {
  /** What gets a row in the outbox of the log; null when nothing does. */
  readonly policy: OutboxPolicy | null;
  /** Null when there are none. */
  readonly webhooks: Webhooks | null = null;
  private readonly options: WebhookPartsOptions;
  private readonly receiver: Receiver | null = null;

  constructor(options: WebhookPartsOptions) {
    this.options = options;
    const { config, clock, incidents, connections } = options;
    const { webhookUrl: url, webhookSecret: secret } = config;
    if (url === undefined || secret === undefined) {
      this.policy = null;
      return;
    }
    const policy = new WebhookPolicy({
      types: config.webhookEvents,
      threads: config.webhookThreads,
      testThreadPrefixes: config.testThreadPrefixes,
      memberKind: MEMBER_KIND,
      clock
    });
    this.policy = policy;
    this.receiver = createReceiver({
      url,
      secret,
      allowPrivate: config.webhookAllowPrivate,
      clock,
      version: VERSION
    });
    const webhooks = new Webhooks({ ...options, policy, receiver: this.receiver });
    this.webhooks = webhooks;
    webhooks.begin((thread, author, limit) => this.away(thread, author, limit));
    incidents.onNews = (what, incident) => {
      webhooks.incident(what, incident);
    };
    connections.onArrival = (user) => {
      webhooks.back(user);
    };
  }

  /** Returns the child of the services phase; none without WEBHOOK_URL. */
  children(bounds: Pick<ChildSpec, 'restart' | 'startTimeoutMs' | 'shutdownMs'>): ChildSpec[] {
    return this.webhooks === null
      ? []
      : [{ ...bounds, id: 'webhooks', logic: this.webhooks.logic, required: false }];
  }

  /** Tells the monitor how they are; called every second. */
  sweep(): void {
    if (this.webhooks !== null) this.options.monitor.webhooks(this.webhooks.status());
  }

  /** Returns `webhooks` of `/status`; null when there are none. */
  row(): WebhooksRow | null {
    const status = this.webhooks?.status() ?? null;
    return status === null ? null : { ...status, since: new Date(status.since).toISOString() };
  }

  /** Those who belong to a thread and have no connection. With members only they and the owner belong to it. */
  private away(thread: string, author: string, limit: number): string[] {
    const log = this.options.log();
    if (log === null) return [];
    const members = membersOf(log, thread).map(({ user }) => user);
    const known =
      members.length > 0 ? members : log.readMarks(thread, limit).map(({ user }) => user);
    const owner = log.head(thread)?.owner ?? null;
    const people = new Set(owner === null ? known : [owner, ...known]);
    people.delete(author);
    return [...people]
      .filter((user) => !user.startsWith(AGENT_PREFIX) && !this.isHere(user))
      .slice(0, limit);
  }

  private isHere(user: string): boolean {
    for (const _ of this.options.connections.of(user)) return true;
    return false;
  }
}
