/** Compresses the files of the pages with gzip and brotli, so that the server does not have to. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

/** Extensions of files that compress well. Source maps are sent only to open developer tools, but are the largest. */
const TEXTS = /\.(html|js|css|svg|map)$/;

/** Smaller files, in bytes, are not compressed: with the HTTP head they fit into one packet anyway. */
const SMALLEST_BYTES = 1_024;

/** Up to this size, in bytes, the slowest level of brotli is used; a source map of 500 kB would take seconds. */
const SLOW_BROTLI_MAX_BYTES = 200_000;

/**
 * Writes `<file>.gz` and `<file>.br` beside each file below a folder. Equal files give equal bytes.
 * @param {string} dir
 */
export async function writePageEncodings(dir) {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && TEXTS.test(entry.name))
    .map(({ parentPath, name }) => join(parentPath, name));
  await Promise.all(files.map(encode));
}

/** @param {string} path */
async function encode(path) {
  const text = readFileSync(path);
  if (text.length < SMALLEST_BYTES) return;
  const quality = text.length > SLOW_BROTLI_MAX_BYTES ? 9 : constants.BROTLI_MAX_QUALITY;
  const [gz, br] = await Promise.all([
    promisify(gzip)(text, { level: constants.Z_BEST_COMPRESSION }),
    promisify(brotliCompress)(text, { params: { [constants.BROTLI_PARAM_QUALITY]: quality } })
  ]);
  writeFileSync(`${path}.gz`, gz);
  writeFileSync(`${path}.br`, br);
}
