/**
 * Which threads are test threads. One pure function, used everywhere a thread's nobody-there is judged.
 */

/** Prefixes that make a thread a test thread unless configured otherwise. */
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
 * Says whether a thread id starts with one of the prefixes: case-sensitive, at position 0, nothing trimmed; anything
 * but a string is not a test thread.
 */
export function isTestThread(
  thread: unknown,
  prefixes: readonly string[] = TEST_THREAD_PREFIXES
): boolean {
  return typeof thread === 'string' && prefixes.some((prefix) => thread.startsWith(prefix));
}
