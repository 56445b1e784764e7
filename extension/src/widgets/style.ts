import { ROW_HEIGHT } from './geometry.js';

const ID = 'bitwindow-style';

const ROWS = `
.bitwindow { position: absolute; inset: 0; z-index: 1; pointer-events: none; will-change: transform; outline: none;
  font: 11px var(--jp-ui-font-family, system-ui, sans-serif); }
.bitwindow text { fill: var(--jp-ui-font-color1, #212121); dominant-baseline: central; user-select: none; pointer-events: none;
  font: inherit; stroke: none; }
.bitwindow .bw-mask { fill: var(--bw-mask); fill-opacity: 0.46; pointer-events: none; shape-rendering: crispEdges; }
.bitwindow .bw-float .bw-mask { fill-opacity: 0.3; }
.bitwindow .bw-band { fill: none; pointer-events: none; }
.bitwindow .bw-selected .bw-band { fill: var(--jp-brand-color1, #1976d2); fill-opacity: 0.14; }
.bitwindow .bw-frame { fill: none; stroke: var(--jp-ui-font-color1, #212121); stroke-width: 1.5; pointer-events: none; }
.bitwindow .bw-selected .bw-frame { stroke: var(--jp-warn-color1, #f57c00); stroke-width: 2.5; }
.bitwindow .bw-locked .bw-frame { stroke-dasharray: 4 2; }
.bitwindow .bw-body { fill: transparent; pointer-events: all; cursor: grab; touch-action: none; }
.bitwindow .bw-handle { fill: transparent; pointer-events: all; cursor: ew-resize; touch-action: none; }
.bitwindow .bw-grip { fill: #212121; stroke: #fff; stroke-width: 0.7; pointer-events: none; opacity: 0; }
.bitwindow .bw-row:hover .bw-grip, .bitwindow .bw-selected .bw-grip, .bitwindow .bw-row:focus .bw-grip { opacity: 0.85; }
.bitwindow .bw-locked .bw-body, .bitwindow .bw-locked .bw-handle { cursor: not-allowed; }
.bitwindow .bw-locked .bw-grip { display: none; }
.bitwindow.bw-dragging .bw-body { cursor: grabbing; }
.bitwindow .bw-sign { fill: var(--jp-layout-color1, #fff); fill-opacity: 0.85; stroke: var(--jp-ui-font-color1, #212121);
  stroke-width: 1; pointer-events: none; }
.bitwindow text.bw-sign-text { font-size: 10px; text-anchor: middle; fill: var(--jp-ui-font-color1, #212121); }
.bitwindow .bw-further { fill: #1a1a1a; stroke: #fff; stroke-width: 0.7; pointer-events: none; }
.bitwindow .bw-kept { fill: #fff; fill-opacity: 0.9; stroke: #1a1a1a; stroke-width: 1.2; pointer-events: none; }
.bitwindow .bw-lost { fill: #c62828; stroke: #fff; stroke-width: 0.9; pointer-events: none; }
.bitwindow .bw-row { position: absolute; left: 0; width: 100%; height: ${ROW_HEIGHT}px; contain: strict; outline: none; }
.bitwindow .bw-places { position: absolute; left: 0; width: 1px; visibility: hidden; }
.bitwindow .bw-active { will-change: transform; }
.bitwindow .bw-focus { fill: none; stroke: none; pointer-events: none; }
.bitwindow .bw-row:focus-visible .bw-focus { stroke: var(--jp-brand-color1, #1976d2); stroke-width: 2; }
.bitwindow .bw-selected text.bw-name { font-weight: 600; }
.bitwindow text.bw-kind { fill: var(--jp-ui-font-color2, #616161); }
.bitwindow .bw-padlock { fill: var(--jp-ui-font-color2, #616161); pointer-events: none; }
.bitwindow text.bw-figure { font-variant-numeric: tabular-nums; }
.bitwindow text.bw-type { font-family: var(--jp-code-font-family, monospace); }
.bitwindow text.bw-warn { fill: var(--bw-warn); font-weight: 600; }
.bitwindow text.bw-alarm { fill: var(--bw-alarm); font-weight: 600; }
.bitwindow text.bw-stale { opacity: 0.4; }
.bitwindow .bw-empty { position: absolute; inset-inline: 0; text-align: center; font-size: 12px; line-height: ${ROW_HEIGHT}px;
  color: var(--jp-ui-font-color2, #616161); }
.bitwindow .bw-strip { pointer-events: none; }
.bitwindow .bw-strip.bw-stale { opacity: 0.3; }
.bitwindow .bw-lane { fill: var(--jp-layout-color1, #fff); fill-opacity: 0.82; stroke: var(--jp-ui-font-color2, #616161); stroke-width: 0.5; }
.bitwindow .bw-bar-cell { stroke: var(--jp-ui-font-color1, #212121); stroke-width: 0.5; stroke-opacity: 0.5; }
.bitwindow .bw-bar-cell.bw-exact { stroke-width: 1; stroke-opacity: 1; }
.bitwindow .bw-whisker, .bitwindow .bw-dropped { fill: none; stroke: var(--jp-ui-font-color1, #212121); stroke-width: 1; }
.bitwindow .bw-dropped { stroke: var(--jp-ui-font-color2, #616161); stroke-width: 1.3; }
.bitwindow-figure .heatmapcell { shape-rendering: crispEdges; vector-effect: non-scaling-stroke; }
.bitwindow-figure .heatmapcell_label { display: none; }
/* bqplot's layer for marks of WebGL keeps its old height while the figure is off the screen, and the box would scroll on */
.bitwindow-figure > canvas { display: none; }
`;

const TOP = `
.bitwindow-figure { position: relative; overflow: visible; --bw-warn: #8a5000; --bw-alarm: #b3261e; --bw-mask: #5c6268; }
[data-jp-theme-light="false"] .bitwindow-figure { --bw-warn: #ffca28; --bw-alarm: #ff8a80; --bw-mask: #0d1014; }
[data-jp-theme-light="false"] .bitwindow .bw-mask { fill-opacity: 0.66; }
[data-jp-theme-light="false"] .bw-help .bw-sample-mask { background: color-mix(in srgb, var(--bw-mask) 66%, #fff); }
.bw-top { position: sticky; top: 0; z-index: 2; align-self: flex-start; flex: 0 0 100%; margin-right: -100%; box-sizing: border-box;
  font: 11px var(--jp-ui-font-family, system-ui, sans-serif); color: var(--jp-ui-font-color1, #212121);
  background: var(--jp-layout-color1, #fff); border-bottom: 1px solid var(--jp-border-color2, #d0d7de); }
.bw-controls { display: flex; flex-flow: row wrap; align-items: center; gap: 4px 9px; padding: 4px 6px; }
.bw-group { display: inline-flex; align-items: center; gap: 3px; white-space: nowrap; }
.bw-last { gap: 9px; }
.bw-top input, .bw-top select, .bw-top button { font: inherit; height: 20px; box-sizing: border-box; margin: 0; border-radius: 2px;
  color: var(--jp-ui-font-color1, #212121); background: var(--jp-input-background, var(--jp-layout-color1, #fff));
  border: 1px solid var(--jp-border-color1, #bdbdbd); }
.bw-top button { padding: 0 6px; cursor: pointer; background: var(--jp-layout-color2, #eee); }
.bw-top button[hidden], .bw-status[hidden], .bw-help[hidden] { display: none; }
.bw-top button[aria-pressed="true"].bw-kind { background: var(--jp-brand-color1, #1976d2); border-color: var(--jp-brand-color1, #1976d2);
  color: var(--jp-ui-inverse-font-color0, #fff); }
.bw-top :is(input, select, button):focus-visible { outline: 2px solid var(--jp-brand-color1, #1976d2); outline-offset: 1px; }
.bw-top input.bw-search { width: 112px; padding: 0 5px; }
.bw-top input.bw-threshold { width: 40px; padding: 0 3px; text-align: right; }
.bw-count { color: var(--jp-ui-font-color2, #616161); font-variant-numeric: tabular-nums; }
.bw-status { padding: 1px 6px; border-left: 3px solid var(--bw-warn); background: var(--jp-layout-color2, #eee); }
/* what comes and goes amid a drag must not move the rows */
.bw-status.bw-passing { position: absolute; right: 6px; top: 5px; }
.bw-header { position: relative; height: 22px; overflow: hidden; }
.bw-top button.bw-title { position: absolute; top: 1px; padding: 0; border: none; background: none; font-size: 10px; white-space: nowrap;
  color: var(--jp-ui-font-color2, #616161); }
.bw-top button.bw-title:hover { color: var(--jp-ui-font-color1, #212121); text-decoration: underline; }
.bw-top button.bw-title.bw-sorted { color: var(--jp-ui-font-color1, #212121); font-weight: 600; }
.bw-top button.bw-title.bw-stale { opacity: 0.55; }
.bw-exponent { position: absolute; top: 5px; transform: translateX(-50%); font-size: 10px; color: var(--jp-ui-font-color2, #616161); }
.bw-help { display: flex; flex-flow: row wrap; gap: 4px 28px; padding: 2px 8px 6px; border-top: 1px solid var(--jp-border-color2, #d0d7de); }
.bw-help dl { display: grid; grid-template-columns: auto 1fr; gap: 1px 10px; margin: 4px 0; align-content: start; max-width: 420px; }
.bw-help dt { font-weight: 600; white-space: nowrap; margin: 0; width: auto; float: none; }
.bw-help dd { margin: 0; width: auto; float: none; }
.bw-help i { display: inline-block; min-width: 16px; height: 12px; line-height: 12px; font-style: normal; text-align: center; }
.bw-help .bw-sample-window { border: 2px solid currentcolor; border-radius: 3px; box-sizing: border-box; }
.bw-help .bw-sample-sign { border: 1px solid currentcolor; }
.bw-help .bw-sample-mask { background: color-mix(in srgb, var(--bw-mask) 50%, #fff); }
.bw-help .bw-sample-lost { color: var(--bw-alarm); }
.bw-help .bw-sample-strip { background: linear-gradient(90deg, rgb(68,1,84), rgb(33,145,140), rgb(253,231,37)); min-width: 32px; }
.bw-help .bw-warn { color: var(--bw-warn); }
.bw-help .bw-alarm { color: var(--bw-alarm); }
.bitwindow-tip { position: fixed; contain: layout style; will-change: transform; left: 0; top: 0; z-index: 10000; pointer-events: none; max-width: 420px; padding: 5px 8px;
  border-radius: 3px; white-space: pre-line; font: 12px/1.45 var(--jp-ui-font-family, system-ui, sans-serif);
  font-variant-numeric: tabular-nums; color: var(--jp-ui-inverse-font-color0, #fff); background: var(--jp-inverse-layout-color1, #212121);
  box-shadow: 0 2px 6px rgb(0 0 0 / 30%); }
.bitwindow-tip[hidden] { display: none; }
`;

/** Adds the style sheet to the page, once for all views. */
export function addStyle(): void {
  if (document.getElementById(ID) === null) {
    const style = document.createElement('style');
    style.id = ID;
    style.textContent = ROWS + TOP;
    document.head.appendChild(style);
  }
}
