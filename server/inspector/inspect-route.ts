/** HTTP routes of the inspector: layouts of charts, and the recording as one file. */
import type { Clock } from '../../actors/clock.js';
import { AccessError } from '../auth/api-access.js';
import { guarded, type Route } from '../http/route-table.js';
import { askAgain, json, nothingAt, problem } from '../transport/problem.js';
import type { ChartLayout } from '../../protocol/chart-layout.js';
import { RECORDING_FORMAT, RECORDING_VERSION, type Recording } from '../../protocol/inspection.js';
import { TokenBucket } from '../chat/work/token-bucket.js';
import type { HttpReply, TransportRequest } from '../transport/transport.js';
import type { ChartLayouts } from './charts/chart-layouts.js';
import { ChartTooLargeError } from './charts/layout-thread.js';
import type { InspectAccess } from './inspect-access.js';
import type { Recorder } from './recorder.js';

/** Options of {@link createInspectRoutes}. */
export interface InspectRouteOptions {
  readonly access: InspectAccess;
  readonly recorder: Recorder;
  readonly layouts: Pick<ChartLayouts, 'layout'>;
  readonly clock: Pick<Clock, 'now' | 'elapsed'>;
  readonly version: string;
  readonly node: string;
  readonly environment: string;
}

/**
 * Most recordings sent per second, for all viewers together: each is a text of megabytes in memory until it has been
 * sent.
 */
export const DOWNLOADS_PER_SECOND = 10;

const HASH = /^[A-Za-z0-9_-]{1,64}$/;

/** Returns the routes of the inspector. */
export function createInspectRoutes(options: InspectRouteOptions): Route[] {
  const downloads = new TokenBucket(DOWNLOADS_PER_SECOND, options.clock.elapsed());
  const recording = (request: TransportRequest): Promise<HttpReply> | HttpReply => {
    if (downloads.take(options.clock.elapsed()) === 0) return recordingReply(options, request);
    return askAgain(
      problem('unavailable', 'too many recordings were asked for at once; ask again'),
      1
    );
  };
  const access = (request: TransportRequest): void => {
    const refusal = options.access.refusal(request);
    if (refusal !== null) throw new AccessError(refusal.code, refusal.detail);
  };
  return [
    guarded({
      methods: ['GET'],
      path: '/inspect/recording',
      scope: null,
      access,
      handler: ({ request }) => recording(request)
    }),
    guarded({
      methods: ['GET'],
      path: '/inspect/charts/{hash}',
      refuses: ({ request, part }) => (HASH.test(part('hash')) ? null : nothingAt(request.path)),
      scope: null,
      access,
      handler: ({ part }) => chartReply(options, part('hash'))
    })
  ];
}

async function chartReply(
  { recorder, layouts }: InspectRouteOptions,
  hash: string
): Promise<HttpReply> {
  const machine = recorder.machine(hash);
  if (machine === null) {
    return problem('not_found', 'no actor that was seen runs a machine of this hash');
  }
  try {
    return json(200, await layouts.layout(machine), { 'cache-control': 'private, max-age=3600' });
  } catch (error) {
    if (error instanceof ChartTooLargeError) {
      return problem('too_large', error.message, { title: 'the chart is too large to lay out' });
    }
    return problem('unavailable', 'the chart could not be laid out; ask again');
  }
}

async function recordingReply(
  options: InspectRouteOptions,
  request: TransportRequest
): Promise<HttpReply> {
  const { recorder, clock, version, node, environment } = options;
  const query = new URLSearchParams(request.query);
  // Read everything before the first await, so that the recording shows one moment.
  const actors = textOf(recorder.standing());
  const messages = textOf(recorder.kept());
  const { dropped } = recorder.state;
  const charts = query.get('charts') === 'false' ? [] : await chartsOf(options);
  const head = {
    format: RECORDING_FORMAT,
    version: RECORDING_VERSION,
    rollcall: version,
    node,
    environment,
    at: clock.now(),
    dropped
  } satisfies Omit<Recording, 'actors' | 'messages' | 'charts'>;
  const start = JSON.stringify(head).slice(0, -1);
  const body = `${start},"actors":[${actors}],"messages":[${messages}],"charts":${JSON.stringify(charts)}}`;
  const name = `rollcall-${new Date(head.at).toISOString().replaceAll(':', '-').slice(0, 19)}.json`;
  return {
    ...json(200, null, { 'content-disposition': `attachment; filename="${name}"` }),
    body
  };
}

function textOf(recorded: Iterable<{ readonly text: string }>): string {
  return Array.from(recorded, ({ text }) => text).join(',');
}

/** Returns the charts of all machines that were seen, without those that cannot be laid out. */
async function chartsOf({ recorder, layouts }: InspectRouteOptions): Promise<ChartLayout[]> {
  const asked = [...recorder.allMachines().values()].map((machine) => layouts.layout(machine));
  const found = await Promise.allSettled(asked);
  return found.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
}
