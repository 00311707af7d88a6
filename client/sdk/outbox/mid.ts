/** Makes a message id: a UUID of version 7, so that ids sort by the time they were made (`now`, Unix milliseconds). */
export function newMid(now: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  const time = Math.trunc(now).toString(16).padStart(12, '0').slice(-12);
  const variant = ((parseInt(hex.slice(0, 1), 16) & 3) | 8).toString(16);
  return [
    time.slice(0, 8),
    time.slice(8),
    `7${hex.slice(1, 4)}`,
    `${variant}${hex.slice(4, 7)}`,
    hex.slice(7, 19)
  ].join('-');
}
