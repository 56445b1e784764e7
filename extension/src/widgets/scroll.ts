/** Scrolls a row out from under what stands above the rows, and up from below the end of the scrolling box. */
export function scrollTo(row: Element, above: number): void {
  const box = scroller(row);
  const place = row.getBoundingClientRect();
  if (box !== null) {
    const lower = box.getBoundingClientRect().bottom;
    if (place.top < above) {
      box.scrollTop -= above - place.top;
    } else if (place.bottom > lower) {
      box.scrollTop += place.bottom - lower;
    }
  }
  row.scrollIntoView({ block: 'nearest', inline: 'nearest' });
}

function scroller(from: Element): HTMLElement | null {
  for (let at = from.parentElement; at !== null; at = at.parentElement) {
    if (at instanceof HTMLElement && at.scrollHeight > at.clientHeight + 1 && /auto|scroll/.test(getComputedStyle(at).overflowY)) {
      return at;
    }
  }
  return null;
}
