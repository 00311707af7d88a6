const FORMAT = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });

/** From here on the thousands of a number are not worth their place. */
const LONG = 1e15;

/** Writes a number with its thousands apart: `12,345`; one of more than 15 digits with its power: `1.0e+300`. */
export function number(value: number): string {
  if (Math.abs(value) >= LONG) return value.toExponential(1);
  return FORMAT.format(value);
}

/** Writes how many there are of something: `1 thread`, `1,200 threads`. */
export function counted(count: number, noun: string): string {
  return `${number(count)} ${noun}${count === 1 ? '' : 's'}`;
}
