/** Flashes an element by adding a class that animates it. Starts over when the element is flashing already. */
export function flash(target: Element, name: 'is-flashing' | 'is-taken' = 'is-flashing'): void {
  target.classList.remove(name);
  // The animation restarts only if the page is laid out once without the class.
  target.getBoundingClientRect();
  target.classList.add(name);
  // The same function is not added twice, also where nothing moves and so nothing ends.
  target.addEventListener('animationend', endFlash, { once: true });
}

function endFlash({ currentTarget }: Event): void {
  if (currentTarget instanceof Element) currentTarget.classList.remove('is-flashing', 'is-taken');
}
