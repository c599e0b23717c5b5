// Draws cursors.

const TRAIL = 600;       // milliseconds of the path drawn as a trail
const TRAIL_STEPS = 16;
const TRAIL_WIDTH = 6;   // pixels, at the cursor
const NEAR = 0.5;        // pixels: too short for a trail
const HALO = 26;         // pixels, around the user's own cursor
const GOLDEN_ANGLE = 137.508;  // degrees: consecutive hues are far apart

// The tip is at 0, 0.
const ARROW = new Path2D('M0 0 L0 17.5 L4.6 13.6 L7.7 20.4 L11 18.9 L8 12.3 L14 12.1 Z');

export class Stage {
  #canvas;
  #context;
  #colours = new Map();  // by id
  #dark = matchMedia('(prefers-color-scheme: dark)');

  constructor(canvas) {
    this.#canvas = canvas;
    this.#context = canvas.getContext('2d');
    this.#dark.addEventListener('change', () => this.#colours.clear());
    new ResizeObserver(() => this.#resize()).observe(canvas);
    this.#resize();
  }

  // Empty, for this frame.
  clear() { this.#context.clearRect(0, 0, this.#canvas.clientWidth, this.#canvas.clientHeight); }

  // `wayAt(ago)`: the cursor's position this many milliseconds ago, as {x, y}, each from 0 to 1.
  draw(id, wayAt, {opacity, own = false}) {
    const context = this.#context;
    const [width, height] = [this.#canvas.clientWidth, this.#canvas.clientHeight];
    const points = [];
    for (let i = 0; i <= TRAIL_STEPS; ++i) {
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
    context.strokeStyle = this.#dark.matches ? '#14171c' : '#fff';
    context.lineWidth = 3;
    context.lineJoin = 'round';
    context.stroke(ARROW);
    context.fill(ARROW);
    context.restore();
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
    const scale = Math.min(devicePixelRatio, 2);
    this.#canvas.width = Math.round(this.#canvas.clientWidth * scale);
    this.#canvas.height = Math.round(this.#canvas.clientHeight * scale);
    this.#context.scale(scale, scale);
  }
}
