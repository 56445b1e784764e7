export { BitWindow } from './bit_window.js';
export { BitWindowModel } from './model.js';
