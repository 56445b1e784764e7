import { LabIcon } from '@jupyterlab/ui-components';

// Four rows of bits with a window over each; the classes take the theme's colours.
const WINDOW = `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <g class="jp-icon3" fill="#616161" opacity="0.45">
    <rect x="2" y="3" width="20" height="3.6"/><rect x="2" y="8" width="20" height="3.6"/>
    <rect x="2" y="13" width="20" height="3.6"/><rect x="2" y="18" width="20" height="3.6"/>
  </g>
  <g class="jp-icon-brand0 jp-icon-selectable" fill="#1976d2">
    <rect x="5" y="2.4" width="9" height="4.8" rx="1"/><rect x="8" y="7.4" width="9" height="4.8" rx="1"/>
    <rect x="3" y="12.4" width="9" height="4.8" rx="1"/><rect x="10" y="17.4" width="9" height="4.8" rx="1"/>
  </g>
</svg>`;

/** The project's icon: launcher, side bar, tabs and files. */
export const windowIcon = new LabIcon({ name: 'bitwindow:window', svgstr: WINDOW });
