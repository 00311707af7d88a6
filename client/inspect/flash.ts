/** Lets an element light up for a moment, also when it is doing so already. */
export function flash(target: Element): void {
  target.classList.remove('is-flashing');
  // An animation begins anew only when the page was laid out without it.
  target.getBoundingClientRect();
  target.classList.add('is-flashing');
  target.addEventListener('animationend', endFlash, { once: true });
}

function endFlash({ currentTarget }: Event): void {
  if (currentTarget instanceof Element) currentTarget.classList.remove('is-flashing');
}
