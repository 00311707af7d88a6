const FORMAT = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });

/** Writes a number with its thousands apart: `12,345`. */
export function number(value: number): string {
  return FORMAT.format(value);
}

/** Writes how many there are of something: `1 thread`, `1,200 threads`. */
export function counted(count: number, noun: string): string {
  return `${number(count)} ${noun}${count === 1 ? '' : 's'}`;
}
