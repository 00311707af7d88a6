/** Says a thrown value in words, whatever it is; it never throws itself, so supervisors may call it. */
export function reasonOf(error: unknown): string {
  try {
    return error instanceof Error ? error.message : String(error);
  } catch {
    return 'something was thrown that cannot be said in words';
  }
}
