/**
 * `GET /metrics` for Prometheus: numbers only, with no label per thread, user or connection.
 * @see docs/operations.md, "Metrics"
 */
import type { Operators } from '../../auth/operators.js';
import type { Config } from '../../config/settings.js';
import { METRICS_TYPE } from '../../metrics/prometheus-text.js';
import { problem } from '../../transport/problem.js';
import type { OffPaths } from '../http.js';
import type { Route } from '../route-table.js';

/** Options of {@link createMetricsApi}. */
export interface MetricsApiOptions {
  readonly config: Pick<Config, 'metrics'>;
  readonly operators: Pick<Operators, 'refusal'>;
  readonly metrics: { text(): Promise<string> };
}

/** The path, when METRICS is `off`. */
export const METRICS_OFF: OffPaths = {
  under: '/metrics',
  why: 'the metrics are switched off: set METRICS=on, or METRICS=token'
};

/**
 * Returns the route; none when METRICS is `off`. With `on` everybody may read them, with `token` only operators.
 */
export function createMetricsApi({ config, operators, metrics }: MetricsApiOptions): Route[] {
  if (config.metrics === 'off') return [];
  return [
    {
      methods: ['GET'],
      path: '/metrics',
      scope: 'reports',
      answer: async ({ request }) => {
        const refusal = config.metrics === 'token' ? operators.refusal(request) : null;
        if (refusal !== null) return problem(refusal.code, refusal.detail);
        return {
          status: 200,
          headers: { 'content-type': METRICS_TYPE, 'cache-control': 'no-store' },
          body: await metrics.text()
        };
      }
    }
  ];
}
