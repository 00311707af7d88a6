/** A collector of traces on loopback that takes OTLP as JSON. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** A span as OTLP has it. */
export interface SentSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly attributes: readonly {
    readonly key: string;
    readonly value: { readonly stringValue?: string; readonly intValue?: number };
  }[];
  readonly status?: { readonly code?: number };
}

interface Sent {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: SentSpan['attributes'] };
    readonly scopeSpans: readonly { readonly spans: readonly SentSpan[] }[];
  }[];
}

/** A running collector. */
export interface Collector {
  readonly url: string;
  readonly spans: readonly SentSpan[];
  /** Every request as it came. */
  readonly texts: readonly string[];
  readonly paths: readonly string[];
  /** Resolves when a span of that name has come. */
  has(name: string): Promise<void>;
  stop(): Promise<void>;
}

/** Returns an attribute of a span. */
export function fact(span: SentSpan, key: string): string | number | undefined {
  const value = span.attributes.find((attribute) => attribute.key === key)?.value;
  return value?.stringValue ?? value?.intValue;
}

/** Starts a collector. */
export async function startCollector(): Promise<Collector> {
  const spans: SentSpan[] = [];
  const texts: string[] = [];
  const paths: string[] = [];
  const waiters = new Set<() => void>();
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      texts.push(body);
      paths.push(request.url ?? '');
      const sent = JSON.parse(body) as Sent;
      for (const { scopeSpans } of sent.resourceSpans) {
        for (const scope of scopeSpans) spans.push(...scope.spans);
      }
      for (const look of [...waiters]) look();
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end('{}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${String(port)}`,
    spans,
    texts,
    paths,
    has: (wanted) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!spans.some(({ name }) => name === wanted)) return;
          waiters.delete(look);
          resolve();
        };
        waiters.add(look);
        look();
      }),
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    }
  };
}
