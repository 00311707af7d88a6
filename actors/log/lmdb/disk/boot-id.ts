/** The id that Linux gives to each boot of the machine. */
import { readFileSync } from 'node:fs';

/** Returns the id of the machine's present boot; null on systems without one. */
export function systemBootId(): string | null {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return null;
  }
}
