/**
 * Runs work and answers how many milliseconds of the processor it took in this process. Unlike the time that passes, this
 * does not grow with what else the machine does.
 */
export function cpuMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}
