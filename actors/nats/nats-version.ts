/** Which versions of nats-server may be used. */

/**
 * Oldest nats-server for production. Up to 2.10.22, a process that was only killed could lose whole streams.
 * @see https://github.com/nats-io/nats-server/releases/tag/v2.10.23
 */
export const NATS_SERVER_MIN = '2.10.23';

/** Returns whether a version is known to be older than {@link NATS_SERVER_MIN}; one that cannot be read counts as older. */
export function isTooOld(version: string): boolean {
  const [, major, minor, patch] = /^v?(\d+)\.(\d+)\.(\d+)/.exec(version) ?? [];
  const found = [major, minor, patch].map(Number);
  const least = NATS_SERVER_MIN.split('.').map(Number);
  for (const [index, bound] of least.entries()) {
    const part = found[index] ?? NaN;
    if (part !== bound) return !(part > bound);
  }
  // 2.10.23-RC.1 comes before 2.10.23.
  return /^v?\d+\.\d+\.\d+-/.test(version);
}

/** Says that a broker is too old, why that matters, and what to do. */
export function tooOld(version: string): string {
  return `nats-server ${version} can lose whole streams when its process is killed; use ${NATS_SERVER_MIN} or newer`;
}
