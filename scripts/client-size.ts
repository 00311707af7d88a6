/** Prints how large the SDK is in a web page: `npm run size`. Exits with 1 when it is over the limit. */
import { bundleSize, CLIENT_GZIP_MAX } from './packages/client-bundle.js';

const ROWS: readonly (readonly [name: string, source: string, external?: readonly string[]])[] = [
  ['connect', "export { connect } from './client.js'"],
  ['all of rollcall/client', "export * from './client.js'"],
  ['rollcall/react', "export * from './react.js'", ['xstate', 'react']],
  ['rollcall/ai', "export * from '../ai/ai.js'", ['xstate', 'react']],
  ['rollcall/ai/transport', "export * from '../ai/transport.js'"],
  ['connect, xstate included', "export { connect } from './client.js'", []]
];

const kB = (bytes: number): string => `${(bytes / 1_000).toFixed(1)} kB`;

for (const [name, source, external] of ROWS) {
  const { minified, gzipped } = await bundleSize(source, external);
  console.log(
    `${name.padEnd(26)} ${kB(gzipped).padStart(8)} gzipped ${kB(minified).padStart(8)} minified`
  );
}
const { gzipped } = await bundleSize("export { connect } from './client.js'");
if (gzipped > CLIENT_GZIP_MAX) {
  console.error(`connect is larger than ${kB(CLIENT_GZIP_MAX)} gzipped`);
  process.exitCode = 1;
}
