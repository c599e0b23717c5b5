// The user's pointer, moved by a mouse, a finger or keys: where it is, whether it draws, how often it has clicked.

const CLICK = 6;       // pixels; further is a drag, and draws
const SLOW = 0.12;     // of the space per second, when an arrow key goes down
const FAST = 0.7;      // after a while
const FASTER_OVER = 1.2;  // seconds
const WAYS = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};

export class Pointer {
  place = null;  // {x, y}, each from 0 to less than 1; null until it has moved
  clicks = 0;    // modulo 128
  #space;
  #button;
  #changed;
  #down = null;  // {x, y, far} of the mouse button or finger that is down
  #keys = new Set();
  #held = 0;     // seconds since an arrow key went down

  // `space` is the element on which it moves; `button` lets it draw without a drag; `changed()` is called after each
  // change.
  constructor(space, button, changed) {
    this.#space = space;
    this.#button = button;
    this.#changed = changed;
    space.addEventListener('pointerdown', (event) => this.#press(event));
    // Over the controls, too.
    addEventListener('pointermove', (event) => this.#drag(event));
    space.addEventListener('pointerup', () => this.#release(true));
    space.addEventListener('pointercancel', () => this.#release(false));
    button.addEventListener('click', () => this.#toggle());
    addEventListener('keydown', (event) => this.#key(event));
    addEventListener('keyup', ({code}) => this.#keys.delete(code));
    addEventListener('blur', () => this.#keys.clear());
  }

  get pen() { return this.#always || this.#down !== null && this.#down.far >= CLICK; }
  get #always() { return this.#button.ariaPressed === 'true'; }

  // Moves by keys; call it for each picture.
  turn(seconds) {
    if (this.#keys.size === 0) return this.#held = 0;
    this.#held += seconds;
    const speed = SLOW + (FAST - SLOW) * Math.min(this.#held / FASTER_OVER, 1);
    const {x, y} = this.place ?? {x: 0.5, y: 0.5};
    const [dx, dy] = [...this.#keys].reduce(([a, b], code) => [a + WAYS[code][0], b + WAYS[code][1]], [0, 0]);
    this.#move(x + dx * speed * seconds, y + dy * speed * seconds);
  }

  #move(x, y) {
    const limited = (value) => Math.min(Math.max(value, 0), 1 - 1 / 65536);
    this.place = {x: limited(x), y: limited(y)};
    this.#changed();
  }

  #moveTo({clientX, clientY}) { this.#move(clientX / this.#space.clientWidth, clientY / this.#space.clientHeight); }

  #press(event) {
    this.#space.setPointerCapture(event.pointerId);
    this.#down = {x: event.clientX, y: event.clientY, far: 0};
    this.#moveTo(event);
  }

  #drag(event) {
    if (this.#down) {
      const {clientX: x, clientY: y} = event;
      this.#down.far += Math.hypot(x - this.#down.x, y - this.#down.y);
      Object.assign(this.#down, {x, y});
    }
    this.#moveTo(event);
  }

  #release(clicks) {
    if (clicks && this.#down && this.#down.far < CLICK) this.#click();
    this.#down = null;
    if (this.place) this.#changed();
  }

  #click() {
    this.place ??= {x: 0.5, y: 0.5};
    this.clicks = (this.clicks + 1) % 128;
    this.#changed();
  }

  #toggle() {
    this.#button.ariaPressed = String(!this.#always);
    if (this.place) this.#changed();
  }

  #key(event) {
    const {code, target} = event;
    // A name is typed, or the space bar presses what has the focus.
    if (target.matches('input') || code === 'Space' && target.matches('button, summary')) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (code in WAYS) this.#keys.add(code);
    else if (code === 'Space' && !event.repeat) this.#click();
    else if (code === 'KeyD' && !event.repeat) this.#toggle();
    else if (code !== 'Space') return;
    event.preventDefault();
  }
}
