/** What the SDK costs a web page: bundled, minified and compressed as an application would. */
import { build } from 'esbuild';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

/** Most that `connect` may add to a page, in bytes gzipped, xstate left out. */
export const CLIENT_GZIP_MAX = 15_000;

/** Size of a bundle, in bytes. */
export interface BundleSize {
  readonly minified: number;
  readonly gzipped: number;
}

/**
 * Bundles a line of source that imports from the SDK's modules and returns its size.
 * @param source for instance `export { connect } from './client.js'`
 * @param external packages left out
 */
export async function bundleSize(
  source: string,
  external: readonly string[] = ['xstate']
): Promise<BundleSize> {
  const { outputFiles } = await build({
    stdin: {
      contents: source.replaceAll('.js', '.ts'),
      resolveDir: join(import.meta.dirname, '../../client/sdk'),
      loader: 'ts'
    },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    external: [...external],
    write: false
  });
  const code = outputFiles[0]?.contents ?? new Uint8Array();
  return { minified: code.length, gzipped: gzipSync(code).length };
}
