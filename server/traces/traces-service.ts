/**
 * Sends traces to a collector by OTLP, as a supervised child that starts first and stops last. It exists only when
 * `OTEL_EXPORTER_OTLP_ENDPOINT` is set; without it no package of OpenTelemetry is loaded.
 * @see docs/traces.md
 */
import type { Context, Link, SpanKind, Tracer } from '@opentelemetry/api';
import type { Clock } from '../../actors/clock.js';
import type { Logger } from '../../actors/log-line.js';
import type { Service } from '../../actors/service.js';
import type { OpenSpan, SpanRole, SpanStart, Traces } from '../../actors/traces/traces.js';
import { readTraceparent, sampledTraceparent } from '../../protocol/traceparent.js';
import { SpanQueue, type SpanCounts } from './span-queue.js';
import { loadTracePackages, packagesProblem, type TracePackages } from './trace-packages.js';

/** Longest time of one request to the collector with its retries, in milliseconds. */
const REQUEST_MS = 5_000;

/** Path that OTLP gives to traces, below the endpoint. */
const TRACES_PATH = 'v1/traces';

/** Options of {@link TracesService}. */
export interface TracesServiceOptions {
  /** `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  readonly endpoint: URL;
  /** `OTEL_TRACES_SAMPLER_ARG`: share of the traces that begin here and are recorded. */
  readonly ratio: number;
  /** What the spans say of this server. */
  readonly about: Readonly<Record<string, string>>;
  readonly version: string;
  readonly clock: Clock;
  /** Returns a random number in [0, 1). */
  readonly random: () => number;
  readonly logger: Logger;
  /** Loads the packages. Default: those that are installed. */
  readonly load?: () => Promise<TracePackages>;
}

/** What begins spans once the packages are loaded. */
interface Loaded {
  readonly api: TracePackages['api'];
  readonly tracer: Tracer;
  readonly queue: SpanQueue;
  readonly kinds: Readonly<Record<SpanRole, SpanKind>>;
}

/** The traces of a server. */
export class TracesService implements Service, Traces {
  private readonly options: TracesServiceOptions;
  private loaded: Loaded | null = null;

  constructor(options: TracesServiceOptions) {
    this.options = options;
  }

  async start(): Promise<void> {
    const { load = loadTracePackages, logger, endpoint } = this.options;
    let packages: TracePackages;
    try {
      packages = await load();
    } catch (error) {
      throw new Error(packagesProblem(error), { cause: error });
    }
    this.loaded = this.begun(packages);
    logger.info(`Traces go to ${endpoint.origin}`, { actor: 'traces' });
  }

  async stop(): Promise<void> {
    await this.loaded?.queue.shutdown();
  }

  /** Returns the numbers of spans; null before the start. */
  counts(): SpanCounts | null {
    return this.loaded?.queue.counts() ?? null;
  }

  begin({ name, role, parent = null, links = [], facts }: SpanStart): OpenSpan | null {
    const { loaded } = this;
    if (loaded === null) return null;
    const { api, tracer, kinds } = loaded;
    const from = parent === null ? null : readTraceparent(parent);
    const isDrawn = links.length > 0 || this.options.random() < this.options.ratio;
    if (!(from?.isSampled ?? isDrawn)) return null;
    const linked = links.flatMap((link) => linkTo(link, api.TraceFlags.SAMPLED));
    let context: Context = api.ROOT_CONTEXT;
    if (from !== null) {
      const { traceId, spanId } = from;
      const traceFlags = api.TraceFlags.SAMPLED;
      context = api.trace.setSpanContext(context, { traceId, spanId, traceFlags, isRemote: true });
    }
    const span = tracer.startSpan(
      name,
      { kind: kinds[role], attributes: { ...facts }, links: linked },
      context
    );
    const { traceId, spanId } = span.spanContext();
    let isOpen = true;
    return {
      traceparent: sampledTraceparent(traceId, spanId),
      end: (fault = null, more = {}) => {
        if (!isOpen) return;
        isOpen = false;
        span.setAttributes({ ...more });
        if (fault !== null) {
          span.setAttribute('error.type', fault);
          span.setStatus({ code: api.SpanStatusCode.ERROR });
        }
        span.end();
      }
    };
  }

  private begun({ api, sdk, resources, otlp }: TracePackages): Loaded {
    const { endpoint, about, version, clock, logger } = this.options;
    const url = new URL(endpoint);
    url.pathname = `${url.pathname.replace(/\/+$/, '')}/${TRACES_PATH}`;
    const exporter = new otlp.OTLPTraceExporter({ url: url.href, timeoutMillis: REQUEST_MS });
    const queue = new SpanQueue({ exporter, clock, logger });
    // OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME say more, and otherwise.
    const detectors = [resources.envDetector];
    const resource = resources
      .resourceFromAttributes({ ...about })
      .merge(resources.detectResources({ detectors }));
    const provider = new sdk.BasicTracerProvider({
      resource,
      // What is recorded was decided before.
      sampler: new sdk.AlwaysOnSampler(),
      spanProcessors: [queue]
    });
    const kinds = {
      producer: api.SpanKind.PRODUCER,
      consumer: api.SpanKind.CONSUMER,
      internal: api.SpanKind.INTERNAL
    };
    return { api, tracer: provider.getTracer('rollcall', version), queue, kinds };
  }
}

function linkTo(traceparent: string, traceFlags: number): Link[] {
  const context = readTraceparent(traceparent);
  if (context === null) return [];
  const { traceId, spanId } = context;
  return [{ context: { traceId, spanId, traceFlags, isRemote: true } }];
}
