/**
 * Runs work and returns the CPU time that it took in this process, in milliseconds. Unlike elapsed time, it does not
 * grow when the machine does other work too.
 */
export function cpuMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}
