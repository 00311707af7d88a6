/** The dashboard of `deploy/grafana/rollcall.json`: a panel for each row of the metric table that has one. */
import { METRIC_NAMES, METRICS, type MetricRow } from '../../server/metrics/metric-table.js';

/** Width of the grid of Grafana, and size of a panel in it. */
const GRID = 24;
const [WIDTH, HEIGHT] = [8, 7];

const SOURCE = { type: 'prometheus', uid: '${source}' };

/** A query of a panel. */
export interface Target {
  readonly refId: string;
  readonly expr: string;
  readonly legendFormat: string;
  readonly datasource: typeof SOURCE;
}

/** A panel. */
export interface DashboardPanel {
  readonly id: number;
  readonly type: 'timeseries';
  readonly title: string;
  readonly description: string;
  readonly targets: readonly Target[];
  readonly [field: string]: unknown;
}

/** Returns the panels. */
export function panels(): DashboardPanel[] {
  const rows = METRIC_NAMES.flatMap((name) => {
    const row: MetricRow = METRICS[name];
    return row.panel === null ? [] : [{ name, help: row.help, panel: row.panel }];
  });
  return rows.map(({ name, help, panel }, index) => ({
    id: index + 1,
    type: 'timeseries',
    title: name.replace(/_(seconds|bytes|total)$/, '').replaceAll('_', ' '),
    description: help.replaceAll('`', '').replace(/\[([^\]]*)\]\([^)]*\)/g, '$1'),
    datasource: SOURCE,
    gridPos: {
      x: (index * WIDTH) % GRID,
      y: Math.floor((index * WIDTH) / GRID) * HEIGHT,
      w: WIDTH,
      h: HEIGHT
    },
    fieldConfig: { defaults: { unit: panel.unit, min: 0 }, overrides: [] },
    targets: [{ refId: 'A', expr: panel.query, legendFormat: panel.legend, datasource: SOURCE }]
  }));
}

/** Returns the dashboard. */
export function dashboard(): Readonly<Record<string, unknown>> {
  return {
    uid: 'rollcall',
    title: 'Rollcall',
    tags: ['rollcall'],
    schemaVersion: 39,
    editable: true,
    refresh: '30s',
    time: { from: 'now-6h', to: 'now' },
    templating: {
      list: [{ name: 'source', label: 'Prometheus', type: 'datasource', query: 'prometheus' }]
    },
    panels: panels()
  };
}
