/** A box of text beside the pointer, above everything else on the page. */
export class Tip {
  show(text: string, x: number, y: number): void {
    this.node.textContent = text;
    this.node.hidden = false;
    if (!this.node.isConnected) {
      document.body.appendChild(this.node);
    }
    const { width, height } = this.node.getBoundingClientRect();
    const left = Math.min(x + GAP, window.innerWidth - width - GAP);
    const above = y - height - GAP;
    this.node.style.left = `${Math.max(GAP, left)}px`;
    this.node.style.top = `${above > 0 ? above : y + GAP}px`;
  }

  hide(): void {
    this.node.hidden = true;
  }

  remove(): void {
    this.node.remove();
  }

  private readonly node = Object.assign(document.createElement('div'), { className: 'bitwindow-tip', hidden: true });
}

const GAP = 14;
