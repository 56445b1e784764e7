export { BitWindow } from './bit_window.js';
export { QuietFigure } from './figure.js';
export { BitWindowModel } from './model.js';
