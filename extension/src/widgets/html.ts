type Attributes = Readonly<Record<string, string>>;

/** Makes an HTML element of a class at the end of a parent; its text is text, never markup. */
export function html<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  className: string,
  parent: Element | null = null,
  attributes: Attributes = {},
  text = ''
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  made.className = className;
  for (const [key, value] of Object.entries(attributes)) {
    made.setAttribute(key, value);
  }
  made.textContent = text;
  parent?.appendChild(made);
  return made;
}

export function button(parent: Element, className: string, text: string, title: string, press: () => void): HTMLButtonElement {
  const made = html('button', className, parent, { type: 'button', title }, text);
  made.addEventListener('click', press);
  return made;
}
