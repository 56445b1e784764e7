import { write } from './svg.js';

/** A box of text beside the pointer, above everything else on the page. */
export class Tip {
  show(text: string, x: number, y: number): void {
    if (!this.node.isConnected) {
      document.body.appendChild(this.node);
    }
    if (this.node.hidden || this.text !== text) {
      this.text = text;
      write(this.node, text);
      this.node.hidden = false;
      this.size = this.sizeOf(text);
    }
    const left = Math.max(GAP, Math.min(x + GAP, window.innerWidth - this.size.width - GAP));
    const above = y - this.size.height - GAP;
    this.node.style.transform = `translate(${left}px, ${above > 0 ? above : y + GAP}px)`;
  }

  /** Asked of the browser once for each shape of a text: the question makes it lay the whole page out, amid a drag. */
  private sizeOf(text: string): Size {
    const shape = text.split('\n').map(line => line.length).join(' ');
    let size = this.sizes.get(shape);
    if (size === undefined) {
      const { width, height } = this.node.getBoundingClientRect();
      size = { width, height };
      this.sizes.set(shape, size);
    }
    return size;
  }

  hide(): void {
    this.node.hidden = true;
  }

  remove(): void {
    this.node.remove();
  }

  private text = '';
  private size: Size = { width: 0, height: 0 };
  private readonly sizes = new Map<string, Size>();
  private readonly node = Object.assign(document.createElement('div'), { className: 'bitwindow-tip', hidden: true });
}

interface Size {
  readonly width: number;
  readonly height: number;
}

const GAP = 14;
