/** Returns the reason of a thrown value as text. It never throws, so supervisors may call it. */
export function reasonOf(error: unknown): string {
  try {
    return error instanceof Error ? error.message : String(error);
  } catch {
    return 'something was thrown that cannot be said in words';
  }
}
