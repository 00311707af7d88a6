/** Which threads are test threads: the one function for every place that asks. */

/** Default prefixes of test threads. */
export const TEST_THREAD_PREFIXES: readonly string[] = [
  'startup_test_',
  'health_check_',
  'test_',
  'unit_test_',
  'integration_test_',
  'validation_',
  'mock_'
];

/**
 * Returns whether a thread id starts with one of the prefixes. The comparison is case-sensitive and does not trim. A
 * value that is not a string is no test thread.
 */
export function isTestThread(
  thread: unknown,
  prefixes: readonly string[] = TEST_THREAD_PREFIXES
): boolean {
  return typeof thread === 'string' && prefixes.some((prefix) => thread.startsWith(prefix));
}
