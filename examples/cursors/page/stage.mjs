// Draws cursors.

const TRAIL = 600;       // milliseconds of the path drawn as a trail
const TRAIL_STEPS = 16;
const TRAIL_WIDTH = 6;   // pixels, at the cursor
const NEAR = 0.5;        // pixels: too short for a trail
const HALO = 26;         // pixels, around the user's own cursor
const MOST_LABELS = 1000;
const AREA_OF_NAME = 20_000;  // square pixels of the window
const NAMES_WITHIN = 60;      // pixels, in a crowd
const RIPPLE = 46;       // pixels, of the radius at the end
const INK_WIDTH = 4;
const LABEL = {size: 12, space: 6, x: 12, y: 16};  // pixels; from the tip
const GOLDEN_ANGLE = 137.508;  // degrees: consecutive hues are far apart

// The tip is at 0, 0.
const ARROW = new Path2D('M0 0 L0 17.5 L4.6 13.6 L7.7 20.4 L11 18.9 L8 12.3 L14 12.1 Z');

export class Stage {
  #canvas;
  #context;
  #scale = 1;
  #colours = new Map();  // by id
  #labels = new Map();   // drawn ones, by text and colour
  #dark = matchMedia('(prefers-color-scheme: dark)');
  #still = matchMedia('(prefers-reduced-motion: reduce)');

  constructor(canvas) {
    this.#canvas = canvas;
    this.#context = canvas.getContext('2d');
    this.#dark.addEventListener('change', () => {
      this.#colours.clear();
      this.#labels.clear();
    });
    new ResizeObserver(() => this.#resize()).observe(canvas);
    this.#resize();
  }

  // Empty, for this frame.
  clear() { this.#context.clearRect(0, 0, this.#canvas.clientWidth, this.#canvas.clientHeight); }

  // How many cursors can have their names shown at once.
  get mostNames() { return this.#canvas.clientWidth * this.#canvas.clientHeight / AREA_OF_NAME; }

  // Whether two places are so near that one belongs to the other.
  isNear(one, other) {
    return Math.hypot((one.x - other.x) * this.#canvas.clientWidth, (one.y - other.y) * this.#canvas.clientHeight) < NAMES_WITHIN;
  }

  // Lines of {from, to, strength}, which fade.
  drawInk(id, lines) {
    const context = this.#context;
    const [width, height] = [this.#canvas.clientWidth, this.#canvas.clientHeight];
    context.strokeStyle = this.#colourOf(id);
    context.lineWidth = INK_WIDTH;
    context.lineCap = 'butt';  // round ends would overlap, and show where they are half transparent
    for (const {from, to, strength} of lines) {
      context.globalAlpha = strength;
      context.beginPath();
      context.moveTo(from.x * width, from.y * height);
      context.lineTo(to.x * width, to.y * height);
      context.stroke();
    }
  }

  // Rings of {x, y, share}, which grow; without motion they only fade.
  drawRipples(id, rings) {
    const context = this.#context;
    context.strokeStyle = this.#colourOf(id);
    context.lineWidth = 3;
    for (const {x, y, share} of rings) {
      for (const later of this.#still.matches ? [0] : [0, 0.25]) {
        if (share < later) continue;
        context.globalAlpha = 0.9 * (1 - share);
        context.beginPath();
        const radius = this.#still.matches ? RIPPLE / 2 : RIPPLE * Math.sqrt(share - later);
        context.arc(x * this.#canvas.clientWidth, y * this.#canvas.clientHeight, radius, 0, 2 * Math.PI);
        context.stroke();
      }
    }
  }

  // `wayAt(ago)`: the cursor's position this many milliseconds ago, as {x, y}, each from 0 to 1. `name`: {text, bot},
  // which is shown if it is `named`.
  draw(id, wayAt, {opacity, own = false, name = null, named = false}) {
    const context = this.#context;
    const [width, height] = [this.#canvas.clientWidth, this.#canvas.clientHeight];
    const points = [];
    for (let i = 0; i <= (this.#still.matches ? 0 : TRAIL_STEPS); ++i) {
      const {x, y} = wayAt(i * TRAIL / TRAIL_STEPS);
      const point = [x * width, y * height];
      if (i === 0 || Math.hypot(point[0] - points.at(-1)[0], point[1] - points.at(-1)[1]) > NEAR) points.push(point);
    }
    context.fillStyle = this.#colourOf(id);
    context.globalAlpha = 0.45 * opacity;
    this.#fillTrail(points, own ? 1.5 * TRAIL_WIDTH : TRAIL_WIDTH);
    context.save();
    context.translate(...points[0]);
    if (own) {
      context.globalAlpha = 0.14 * opacity;
      context.beginPath();
      context.arc(0, 0, HALO, 0, 2 * Math.PI);
      context.fill();
      context.scale(1.25, 1.25);
    }
    context.globalAlpha = opacity;
    this.#drawArrow(id, name?.bot);
    if (name && named) this.#drawLabel(name.bot ? `${name.text} · bot` : name.text, this.#colourOf(id));
    context.restore();
  }

  // A bot's is hollow.
  #drawArrow(id, hollow) {
    const context = this.#context;
    const page = this.#dark.matches ? '#14171c' : '#fff';
    context.lineJoin = 'round';
    context.strokeStyle = hollow ? this.#colourOf(id) : page;
    context.fillStyle = hollow ? page : this.#colourOf(id);
    context.lineWidth = 3;
    context.stroke(ARROW);
    context.fill(ARROW);
  }

  // Texts take long to draw, so each is drawn once.
  #drawLabel(text, colour) {
    const key = `${text}|${colour}`;
    if (this.#labels.size > MOST_LABELS) this.#labels.clear();
    if (!this.#labels.has(key)) this.#labels.set(key, this.#makeLabel(text, colour));
    const label = this.#labels.get(key);
    // On the other side of the tip where the edge of the window is near.
    const {e, f} = this.#context.getTransform();
    const [width, height] = [label.width / 2, label.height / 2];
    const x = e / this.#scale + LABEL.x + width > this.#canvas.clientWidth ? -width : LABEL.x;
    const y = f / this.#scale + LABEL.y + height > this.#canvas.clientHeight ? -height : LABEL.y;
    this.#context.drawImage(label, x, y, width, height);
  }

  // Twice as large as it is shown, for screens of many pixels.
  #makeLabel(text, colour) {
    const {size, space} = LABEL;
    const font = `600 ${size}px system-ui, sans-serif`;
    this.#context.font = font;
    const width = Math.ceil(this.#context.measureText(text).width) + 2 * space;
    const height = size + 2 * space - 2;
    const canvas = Object.assign(document.createElement('canvas'), {width: 2 * width, height: 2 * height});
    const context = canvas.getContext('2d');
    context.scale(2, 2);
    context.fillStyle = this.#dark.matches ? '#1d2128' : '#fff';
    context.strokeStyle = colour;
    context.lineWidth = 2;
    context.beginPath();
    context.roundRect(1, 1, width - 2, height - 2, height / 2 - 1);
    context.fill();
    context.stroke();
    context.font = font;
    context.textBaseline = 'middle';
    context.fillStyle = this.#dark.matches ? '#e8e6e0' : '#1d2127';
    context.fillText(text, space, height / 2 + 0.5);
    return canvas;
  }

  // As wide as the first point says there, and zero at the last.
  #fillTrail(points, width) {
    if (points.length < 3) return;
    const context = this.#context;
    const [left, right] = [[], []];
    points.forEach(([x, y], i) => {
      const [before, after] = [points[Math.max(i - 1, 0)], points[Math.min(i + 1, points.length - 1)]];
      const [dx, dy] = [after[0] - before[0], after[1] - before[1]];
      const half = width / 2 * (1 - i / (points.length - 1)) / (Math.hypot(dx, dy) || 1);  // 1: it turns back
      left.push([x - dy * half, y + dx * half]);
      right.push([x + dy * half, y - dx * half]);
    });
    context.beginPath();
    for (const [x, y] of [...left, ...right.reverse()]) context.lineTo(x, y);
    context.fill();
  }

  #colourOf(id) {
    let colour = this.#colours.get(id);
    if (!colour) {
      colour = `oklch(${this.#dark.matches ? '0.76 0.14' : '0.62 0.17'} ${(id * GOLDEN_ANGLE) % 360})`;
      this.#colours.set(id, colour);
    }
    return colour;
  }

  #resize() {
    const scale = this.#scale = Math.min(devicePixelRatio, 2);
    this.#canvas.width = Math.round(this.#canvas.clientWidth * scale);
    this.#canvas.height = Math.round(this.#canvas.clientHeight * scale);
    this.#context.scale(scale, scale);
  }
}
