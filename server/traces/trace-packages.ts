/** Loads the packages that send traces. They are optional: only servers that send traces need them. */
import { reasonOf } from '../../machines/reason.js';

/** The packages to install for traces; `@opentelemetry/api` comes with Rollcall. */
export const TRACE_PACKAGES = [
  '@opentelemetry/sdk-trace-base',
  '@opentelemetry/resources',
  '@opentelemetry/exporter-trace-otlp-http'
] as const;

/** The loaded packages. */
export interface TracePackages {
  readonly api: typeof import('@opentelemetry/api');
  readonly sdk: typeof import('@opentelemetry/sdk-trace-base');
  readonly resources: typeof import('@opentelemetry/resources');
  readonly otlp: typeof import('@opentelemetry/exporter-trace-otlp-http');
}

/** Loads the packages. */
export async function loadTracePackages(): Promise<TracePackages> {
  const [api, sdk, resources, otlp] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace-base'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/exporter-trace-otlp-http')
  ]);
  return { api, sdk, resources, otlp };
}

/** Returns what an operator does when the packages could not be loaded. */
export function packagesProblem(error: unknown): string {
  return `OTEL_EXPORTER_OTLP_ENDPOINT needs packages that cannot be loaded (${reasonOf(error)}): run npm install ${TRACE_PACKAGES.map((name) => `${name}@${VERSIONS[name]}`).join(' ')}, or unset it`;
}

/** The versions that the specs use; later main versions need a later Node. */
const VERSIONS: Record<(typeof TRACE_PACKAGES)[number], string> = {
  '@opentelemetry/sdk-trace-base': '2',
  '@opentelemetry/resources': '2',
  '@opentelemetry/exporter-trace-otlp-http': '0.223'
};
