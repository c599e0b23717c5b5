// Names over the players, as elements over the picture: sharp at each size, and in the page's own type.

export class Labels {
  #layer;
  #labels = new Map();  // id -> element
  #placed = new Set();

  constructor(layer) { this.#layer = layer; }

  // For this picture, at a point in pixels.
  put(id, {name, team}, {x, y}) {
    this.#placed.add(id);
    let label = this.#labels.get(id);
    if (!label) {
      this.#layer.append(label = document.createElement('span'));
      this.#labels.set(id, label);
    }
    if (label.textContent !== name) label.textContent = name;
    label.className = team;
    label.style.transform = `translate(${Math.round(x)}px, ${Math.round(y)}px) translate(-50%, -100%)`;
  }

  // Removes the labels that were not placed.
  end() {
    for (const [id, label] of this.#labels) {
      if (this.#placed.has(id)) continue;
      label.remove();
      this.#labels.delete(id);
    }
    this.#placed.clear();
  }
}
