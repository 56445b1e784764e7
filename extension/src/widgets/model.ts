import { WidgetModel } from '@jupyter-widgets/base';

export class BitWindowModel extends WidgetModel {}
