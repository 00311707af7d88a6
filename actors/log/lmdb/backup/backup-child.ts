/**
 * Entry of the child process that writes a backup of a running log to its standard output, so that the server goes on
 * meanwhile. Only `backup-process.ts` starts it; its argument is the folder of the log.
 */
import { once } from 'node:events';
import { reasonOf } from '../../../../machines/reason.js';
import { failedLine } from './backup-file.js';
import { backupLines } from './take-backup.js';

/** Characters that are written at once. */
const CHUNK_CHARS = 65_536;

async function write(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain');
}

async function run(dir: string): Promise<void> {
  let text = '';
  for await (const line of backupLines(dir, () => Date.now())) {
    text += line;
    if (text.length < CHUNK_CHARS) continue;
    await write(text);
    text = '';
  }
  await write(text);
}

// The server has gone, or its reader.
process.stdout.on('error', () => process.exit(1));
process.on('disconnect', () => process.exit(1));

await run(process.argv[2] ?? '').catch((error: unknown) =>
  write(`${failedLine(reasonOf(error))}\n`)
);
process.disconnect();
