/** The settings of several nodes that share threads. */
import { maskText } from '../logger/redact.js';
import { filePath, integer, list, type Setting } from './setting.js';

const PARTITIONS_MAX = 64; // each is a stream, which costs the brokers memory and an election

const urls = list(readNatsUrl, 'a comma list of URLs like nats://broker-1:4222 or tls://…', {
  name: 'NATS_URL',
  doc: 'brokers through which several nodes share their threads; several of one cluster, by commas. Each node has a DATA_DIR of its own',
  fallback: [],
  fallbackText: 'none: a single node'
});

/** The settings, by their key in the configuration. */
export const CLUSTER_SETTINGS = {
  natsUrl: {
    ...urls,
    show: (value) => maskText(urls.show(value))
  } satisfies Setting<readonly string[]>,
  natsCredentials: filePath({
    name: 'NATS_CREDENTIALS',
    doc: 'file of credentials (.creds) for the brokers, read at each sign-in'
  }),
  natsReplicas: integer(
    { min: 1, max: 5, zero: 'three, or one where there is a single broker' },
    {
      name: 'NATS_REPLICAS',
      doc: 'brokers that keep each stream, when the streams are made; a message is stored when most of them have it',
      fallback: 0
    }
  ),
  clusterPartitions: integer(
    { min: 1, max: PARTITIONS_MAX },
    {
      name: 'CLUSTER_PARTITIONS',
      doc: 'streams over which threads are spread; the same on all nodes, and for ever',
      fallback: 4
    }
  )
};

function readNatsUrl(item: string): string | undefined {
  if (!/^(nats|tls):\/\/[^/\s]+\/?$/i.test(item) || !URL.canParse(item)) return undefined;
  return new URL(item).hostname === '' ? undefined : item;
}
