const NAMESPACE = 'http://www.w3.org/2000/svg';

type Attributes = Readonly<Record<string, string | number>>;

/** Makes an SVG element of a class, at the end of a parent. */
export function element<Name extends keyof SVGElementTagNameMap>(
  name: Name,
  className: string,
  parent: Element | null = null,
  attributes: Attributes = {}
): SVGElementTagNameMap[Name] {
  const made = document.createElementNS(NAMESPACE, name);
  made.setAttribute('class', className);
  set(made, attributes);
  parent?.appendChild(made);
  return made;
}

/** Sets attributes, writing only what changes: during a drag most do not. */
export function set(target: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    const text = String(value);
    if (target.getAttribute(name) !== text) {
      target.setAttribute(name, text);
    }
  }
}

/** Sets text as text, never as markup; in the text node that is there, which costs the browser less than a new one. */
export function write(target: Element, text: string): void {
  const { firstChild } = target;
  if (firstChild instanceof Text && firstChild.nextSibling === null) {
    if (firstChild.data !== text) {
      firstChild.data = text;
    }
  } else if (target.textContent !== text) {
    target.textContent = text;
  }
}

/** Places a rectangle cut to some ends; one of no width is hidden. */
export function place(
  target: SVGRectElement,
  left: number,
  right: number,
  ends: { readonly least: number; readonly most: number }
): void {
  const cut = (x: number): number => Math.max(ends.least, Math.min(ends.most, x));
  set(target, { x: cut(left), width: Math.max(0, cut(right) - cut(left)) });
}
