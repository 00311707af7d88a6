const FORMAT = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });

/** From this number on, a number is written with an exponent. */
const LONG = 1e15;

/** Writes a number with commas between thousands: `12,345`. One of more than 15 digits gets an exponent: `1.0e+300`. */
export function number(value: number): string {
  if (Math.abs(value) >= LONG) return value.toExponential(1);
  return FORMAT.format(value);
}

/** Writes a count with its noun: `1 thread`, `1,200 threads`. */
export function counted(count: number, noun: string): string {
  return `${number(count)} ${noun}${count === 1 ? '' : 's'}`;
}
