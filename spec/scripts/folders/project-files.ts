import { fileURLToPath } from 'node:url';
import { sourceFiles, type SourceFile } from '../../../scripts/folders/source-files.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** The code of the product. */
export const PRODUCT: readonly SourceFile[] = sourceFiles(ROOT, [
  'actors',
  'cli',
  'client',
  'machines',
  'protocol',
  'server'
]);

/** The code that is run beside the product. */
export const SCRIPTS: readonly SourceFile[] = sourceFiles(ROOT, ['scripts']);

/** The specs and what they share. */
export const SPECS: readonly SourceFile[] = sourceFiles(ROOT, ['spec']);
