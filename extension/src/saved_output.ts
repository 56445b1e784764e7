/**
 * A panel is two outputs in a notebook: the live widget, and a PNG picture of its heat map for when no kernel runs
 * behind it. Only one of them is shown: the picture while no widget is there, and then without the error that
 * JupyterLab puts in the widget's place.
 */

/** What the base64 form of the picture holds and no other image does: its Software text, right behind the header. */
const MARK = 'G3RFWHRTb2Z0d2FyZQBiaXR3aW5kb3cgaGVhdCBtYXCkULbM';

const PICTURE = `img[src*="${MARK}"]`;
const AREA = '.jp-OutputArea';
const OUTPUT = '.jp-OutputArea-child';
const WIDGET = '.jp-OutputArea-output.jupyter-widgets';
/** A widget view has elements in it, the error in its place only text. */
const LOST_WIDGET = `${OUTPUT}:has(> ${WIDGET}):not(:has(> ${WIDGET} > *))`;

const STYLE = `
${AREA}:has(.bw-panel) > ${OUTPUT}:has(${PICTURE}) { display: none; }
${AREA}:has(${PICTURE}) > ${LOST_WIDGET} { display: none; }
`;

/** Adds the rules to the page, once. */
export function showOneOutput(page: Document): void {
  const id = 'bitwindow-saved-output';
  if (page.getElementById(id) === null) {
    const style = page.createElement('style');
    style.id = id;
    style.textContent = STYLE;
    page.head.append(style);
  }
}
