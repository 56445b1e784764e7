/** The names under which Python finds the widgets; a test compares them with package.json. */
export const MODULE_NAME = 'bitwindow';
export const MODULE_VERSION = '0.1.0';
