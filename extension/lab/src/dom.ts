/** What an element is made of; text goes in as text, never as markup. */
export interface Made {
  readonly className?: string;
  readonly text?: string;
  readonly title?: string;
  readonly attributes?: Readonly<Record<string, string>>;
}

/** Makes an element with its children. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  made: Made = {},
  ...children: readonly Node[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  if (made.className !== undefined) {
    node.className = made.className;
  }
  if (made.text !== undefined) {
    node.textContent = made.text;
  }
  if (made.title !== undefined) {
    node.title = made.title;
  }
  for (const [name, value] of Object.entries(made.attributes ?? {})) {
    node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

/** Sets a node's text only where it differs, so that nothing that a reader selects is taken away. */
export function setText(node: Node, text: string): void {
  if (node.textContent !== text) {
    node.textContent = text;
  }
}
