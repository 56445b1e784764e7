/** The kind of output that shows a widget of a kernel; its `model_id` says which. */
export const WIDGET_VIEW = 'application/vnd.jupyter.widget-view+json';
