const FALLBACK = 6.2;
let context: CanvasRenderingContext2D | null | undefined;

/** How wide a text is drawn, in pixels, without a layout of the page: two hundred names would take one each. */
function widthOf(text: string, font: string): number {
  context ??= document.createElement('canvas').getContext('2d');
  if (context === null) {
    return text.length * FALLBACK;
  }
  context.font = font;
  return context.measureText(text).width;
}

/** The end of a text that fits a width: a path's end tells kernel from bias, so its start is what goes. */
export function fitted(text: string, room: number, font: string): string {
  const width = widthOf(text, font);
  if (width <= room) {
    return text;
  }
  const kept = Math.max(Math.floor((text.length * room) / width) - 2, 1);
  return `…${text.slice(text.length - kept)}`;
}
