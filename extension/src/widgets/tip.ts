/** A box of text beside the pointer, above everything else on the page. */
export class Tip {
  show(text: string, x: number, y: number): void {
    if (!this.node.isConnected) {
      document.body.appendChild(this.node);
    }
    if (this.node.hidden || this.text !== text) {
      this.text = text;
      this.node.textContent = text;
      this.node.hidden = false;
      // its size is only asked for when the text changes: the question makes the browser lay the page out
      const { width, height } = this.node.getBoundingClientRect();
      this.size = { width, height };
    }
    const left = Math.max(GAP, Math.min(x + GAP, window.innerWidth - this.size.width - GAP));
    const above = y - this.size.height - GAP;
    this.node.style.transform = `translate(${left}px, ${above > 0 ? above : y + GAP}px)`;
  }

  hide(): void {
    this.node.hidden = true;
  }

  remove(): void {
    this.node.remove();
  }

  private text = '';
  private size = { width: 0, height: 0 };
  private readonly node = Object.assign(document.createElement('div'), { className: 'bitwindow-tip', hidden: true });
}

const GAP = 14;
