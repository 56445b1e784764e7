export { BitWindowModel } from './model.js';
