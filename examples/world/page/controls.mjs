// Translates keys, mouse and touch to the player's controls.

const TURN_PER_PIXEL = 0.005;  // radians
const TURN_PER_SECOND = 2.2;   // by keys
const STICK = 56;              // pixels for full speed
const CLICK = 6;               // pixels; further is a drag

const KEYS = {
  KeyW: 'forward', ArrowUp: 'forward', KeyS: 'back', ArrowDown: 'back', KeyA: 'left', KeyD: 'right',
  ArrowLeft: 'turnLeft', ArrowRight: 'turnRight', Space: 'act', KeyE: 'act',
};

const limited = (value, most) => Math.min(Math.max(value, -most), most);

// The camera determines the forward direction: yaw 0 looks along +z.
export class Controls {
  yaw;
  pitch = 0.45;
  distance = 8;
  #down = new Set();
  #act = false;
  #stick = null;  // {id, x, y, dx, dy}: the finger that controls walking
  #looks = new Map();  // pointer -> {x, y, moved}
  #knob;
  #hint;

  // `view` is the element that is dragged; `stick` contains the knob that shows the thumb's position; `look` shows where
  // a thumb can look, until one has done so; `button` acts.
  constructor({view, stick, look, button, yaw}) {
    this.yaw = yaw;
    this.#knob = stick;
    this.#hint = look;
    addEventListener('keydown', (event) => this.#key(event, true));
    addEventListener('keyup', (event) => this.#key(event, false));
    addEventListener('blur', () => this.#down.clear());
    view.addEventListener('pointerdown', (event) => this.#press(event, view));
    view.addEventListener('pointermove', (event) => this.#move(event));
    for (const end of ['pointerup', 'pointercancel']) view.addEventListener(end, (event) => this.#release(event));
    view.addEventListener('wheel', (event) => {
      event.preventDefault();
      this.distance = Math.min(Math.max(this.distance + event.deltaY * 0.01, 4), 16);
    }, {passive: false});
    view.addEventListener('contextmenu', (event) => event.preventDefault());
    button.addEventListener('click', () => {
      this.#act = true;
      button.blur();  // otherwise the space bar would also click it
    });
  }

  // Turns by keys; call it for each picture.
  turn(seconds) {
    this.yaw += (this.#has('turnLeft') - this.#has('turnRight')) * TURN_PER_SECOND * seconds;
  }

  // The controls in the wire's units. A request to act is returned once.
  sample() {
    let ahead = this.#has('forward') - this.#has('back');
    let aside = this.#has('left') - this.#has('right');
    if (this.#stick) {
      ahead = limited(-this.#stick.dy / STICK, 1);
      aside = limited(-this.#stick.dx / STICK, 1);
    }
    const length = Math.max(Math.hypot(ahead, aside), 1);
    const [sin, cos] = [Math.sin(this.yaw), Math.cos(this.yaw)];
    const controls = {
      moveX: Math.round(127 * (ahead * sin + aside * cos) / length),
      moveZ: Math.round(127 * (ahead * cos - aside * sin) / length),
      yaw: Math.round(this.yaw / (2 * Math.PI) * 256) & 0xff,
      act: this.#act,
    };
    this.#act = false;
    return controls;
  }

  #has(what) { return this.#down.has(what) ? 1 : 0; }

  #key(event, down) {
    const what = KEYS[event.code];
    if (!down) {
      this.#down.delete(what);  // wherever it is released
      return;
    }
    // A name is typed, or the space bar presses what has the focus.
    if (event.target.matches('input') || what === 'act' && event.target.matches('button, summary')) return;
    if (!what || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    if (what === 'act' && !event.repeat) this.#act = true;
    this.#down.add(what);
  }

  #press(event, view) {
    view.setPointerCapture(event.pointerId);
    const {pointerId: id, clientX: x, clientY: y} = event;
    if (event.pointerType === 'touch' && x < innerWidth / 2 && !this.#stick) {
      this.#stick = {id, x, y, dx: 0, dy: 0};
      this.#showStick();
    } else {
      this.#looks.set(id, {x, y, moved: 0});
      this.#hint.classList.add('done');
    }
  }

  #move({pointerId, clientX: x, clientY: y}) {
    if (this.#stick?.id === pointerId) {
      Object.assign(this.#stick, {dx: x - this.#stick.x, dy: y - this.#stick.y});
      this.#showStick();
    }
    const look = this.#looks.get(pointerId);
    if (!look) return;
    look.moved += Math.abs(x - look.x) + Math.abs(y - look.y);
    this.yaw -= (x - look.x) * TURN_PER_PIXEL;
    this.pitch = Math.min(Math.max(this.pitch + (y - look.y) * TURN_PER_PIXEL, 0.05), 1.4);
    Object.assign(look, {x, y});
  }

  #release({type, pointerId, pointerType}) {
    if (this.#stick?.id === pointerId) {
      this.#stick = null;
      this.#showStick();
    }
    const look = this.#looks.get(pointerId);
    this.#looks.delete(pointerId);
    if (type === 'pointerup' && pointerType !== 'touch' && look && look.moved < CLICK) this.#act = true;
  }

  #showStick() {
    this.#knob.classList.toggle('resting', !this.#stick);
    const {x, y, dx, dy} = this.#stick ?? {x: 0, y: 0, dx: 0, dy: 0};
    const far = Math.max(Math.hypot(dx, dy) / STICK, 1);
    this.#knob.style.transform = `translate(${x}px, ${y}px)`;
    this.#knob.firstElementChild.style.transform = `translate(${dx / far}px, ${dy / far}px)`;
  }
}
