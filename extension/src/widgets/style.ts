const ID = 'bitwindow-style';

const CSS = `
.bitwindow { font: 11px var(--jp-ui-font-family, system-ui, sans-serif); outline: none; }
.bitwindow text { fill: var(--jp-ui-font-color1, #212121); dominant-baseline: central; user-select: none; pointer-events: none;
  font: inherit; stroke: none; }
.bitwindow .bw-mask { fill: var(--jp-layout-color3, #bdbdbd); fill-opacity: 0.62; pointer-events: none; shape-rendering: crispEdges; }
.bitwindow .bw-float .bw-mask { fill-opacity: 0.45; }
.bitwindow .bw-band { fill: none; pointer-events: none; }
.bitwindow .bw-selected .bw-band { fill: var(--jp-brand-color1, #1976d2); fill-opacity: 0.14; }
.bitwindow .bw-frame { fill: none; stroke: var(--jp-ui-font-color1, #212121); stroke-width: 1.5; pointer-events: none; }
.bitwindow .bw-selected .bw-frame { stroke: var(--jp-warn-color1, #f57c00); stroke-width: 2.5; }
.bitwindow .bw-locked .bw-frame { stroke-dasharray: 4 2; }
.bitwindow .bw-body { fill: transparent; pointer-events: all; cursor: grab; touch-action: none; }
.bitwindow .bw-handle { fill: transparent; pointer-events: all; cursor: ew-resize; touch-action: none; }
.bitwindow .bw-grip { fill: var(--jp-ui-font-color1, #212121); pointer-events: none; opacity: 0; }
.bitwindow .bw-row:hover .bw-grip, .bitwindow .bw-selected .bw-grip, .bitwindow .bw-row:focus .bw-grip { opacity: 0.75; }
.bitwindow .bw-locked .bw-body, .bitwindow .bw-locked .bw-handle { cursor: not-allowed; }
.bitwindow .bw-locked .bw-grip { display: none; }
.bitwindow.bw-dragging .bw-body { cursor: grabbing; }
.bitwindow .bw-sign { fill: var(--jp-layout-color1, #fff); fill-opacity: 0.85; stroke: var(--jp-ui-font-color1, #212121);
  stroke-width: 1; pointer-events: none; }
.bitwindow text.bw-sign-text { font-size: 10px; text-anchor: middle; fill: var(--jp-ui-font-color1, #212121); }
.bitwindow .bw-row { outline: none; }
.bitwindow .bw-focus { fill: none; stroke: none; pointer-events: none; }
.bitwindow .bw-row:focus-visible .bw-focus { stroke: var(--jp-brand-color1, #1976d2); stroke-width: 2; }
.bitwindow text.bw-name { text-anchor: end; }
.bitwindow .bw-selected text.bw-name { font-weight: 600; }
.bitwindow .bw-padlock { fill: var(--jp-ui-font-color2, #616161); pointer-events: none; }
.bitwindow text.bw-figure { font-variant-numeric: tabular-nums; }
.bitwindow text.bw-type { font-family: var(--jp-code-font-family, monospace); }
.bitwindow text.bw-underflow, .bitwindow text.bw-overflow, .bitwindow text.bw-precision { fill: var(--jp-ui-font-color2, #616161); }
.bitwindow text.bw-warn { fill: var(--jp-warn-color0, #a65b00); font-weight: 600; }
.bitwindow text.bw-alarm { fill: var(--jp-error-color1, #c62828); font-weight: 600; }
.bitwindow text.bw-stale { opacity: 0.4; }
.bitwindow text.bw-head { font-size: 10px; fill: var(--jp-ui-font-color2, #616161); }
.bitwindow-tip { position: fixed; z-index: 10000; pointer-events: none; max-width: 420px; padding: 5px 8px; border-radius: 3px;
  white-space: pre-line; font: 12px/1.45 var(--jp-ui-font-family, system-ui, sans-serif); font-variant-numeric: tabular-nums;
  color: var(--jp-ui-inverse-font-color0, #fff); background: var(--jp-inverse-layout-color1, #212121);
  box-shadow: 0 2px 6px rgb(0 0 0 / 30%); }
.bitwindow-tip[hidden] { display: none; }
`;

/** Adds the style sheet to the page, once for all views. */
export function addStyle(): void {
  if (document.getElementById(ID) === null) {
    const style = document.createElement('style');
    style.id = ID;
    style.textContent = CSS;
    document.head.appendChild(style);
  }
}
