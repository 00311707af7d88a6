/** Lets an element light up for a moment, also when it is doing so already, by a class that animates it. */
export function flash(target: Element, name: 'is-flashing' | 'is-taken' = 'is-flashing'): void {
  target.classList.remove(name);
  // An animation begins anew only when the page was laid out without it.
  target.getBoundingClientRect();
  target.classList.add(name);
  // The same function is not added twice, also where nothing moves and so nothing ends.
  target.addEventListener('animationend', endFlash, { once: true });
}

function endFlash({ currentTarget }: Event): void {
  if (currentTarget instanceof Element) currentTarget.classList.remove('is-flashing', 'is-taken');
}
