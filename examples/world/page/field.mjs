// All that does not move: the sky, the ground, the walls, and the pitch with its goals.

import {GOAL_DEPTH, GOAL_HALF_WIDTH, GOAL_HEIGHT, HALF_SIZE, PITCH_HALF_LENGTH, PITCH_HALF_WIDTH, SEEN_FROM, TEAMS} from './rules.mjs';
import {disc, drawn, fill, paintSign} from './textures.mjs';

const {THREE} = globalThis;

const THEMES = {
  light: {
    zenith: '#5f9fd8', horizon: '#dfeaf2', cloud: '#ffffffb0', stars: 0,
    ground: '#e6dcc3', speckle: '#d3c6a6', wall: 0xa89f8c, grass: ['#9cbf80', '#8eb272'], chalk: '#ffffff', sun: 0.5, ambient: 0.66,
  },
  dark: {
    zenith: '#070a12', horizon: '#1b2536', cloud: '#2a364a80', stars: 260,
    ground: '#2a3140', speckle: '#353e50', wall: 0x4a5a72, grass: ['#2f5a45', '#294f3d'], chalk: '#c9d8cf', sun: 0.5, ambient: 0.62,
  },
};

// The same dots each time.
function* scattered(count) {
  for (let i = 1; i <= count; ++i) yield [i * 0.754877666 % 1, i * 0.569840291 % 1];
}

const SKY = {width: 1024, height: 512};

function paintSky(context, {zenith, horizon, cloud, stars}) {
  const {width, height} = SKY;
  const gradient = context.createLinearGradient(0, 0, 0, height / 2);
  gradient.addColorStop(0, zenith);
  gradient.addColorStop(0.94, horizon);
  fill(context, horizon, width, height);
  fill(context, gradient, width, height / 2);
  for (const [x, y] of scattered(stars)) disc(context, '#dfe8ff', x * width, y * height * 0.46, 0.5 + x);
  for (const [x, y] of scattered(14)) {
    for (let i = -2; i <= 2; ++i) disc(context, cloud, x * width + i * 16, height * (0.2 + 0.24 * y) + i * i, 26 - 5 * Math.abs(i), 7 - Math.abs(i));
  }
}

function paintGround(context, {ground, speckle}) {
  fill(context, ground, 256, 256);
  for (const [x, y] of scattered(90)) disc(context, speckle, x * 256, y * 256, 2 + 3 * x, 1.5 + y);
}

const PIXELS = 24;  // per metre

// Its left is at -x, and its top at -z, where Sun's goal is.
function paintPitch(context, {grass, chalk}) {
  const [width, length] = [2 * PITCH_HALF_WIDTH * PIXELS, 2 * PITCH_HALF_LENGTH * PIXELS];
  const stripe = length / 12;
  for (let i = 0; i < 12; ++i) {
    context.fillStyle = grass[i % 2];
    context.fillRect(0, i * stripe, width, stripe);
  }
  context.strokeStyle = chalk;
  context.lineWidth = 0.14 * PIXELS;
  context.strokeRect(3, 3, width - 6, length - 6);
  context.beginPath();
  context.moveTo(0, length / 2);
  context.lineTo(width, length / 2);
  context.moveTo(width / 2 + 4 * PIXELS, length / 2);
  context.arc(width / 2, length / 2, 4 * PIXELS, 0, 2 * Math.PI);
  context.stroke();
  disc(context, chalk, width / 2, length / 2, 0.25 * PIXELS);
  const [area, deep] = [(2 * GOAL_HALF_WIDTH + 3) * PIXELS, 4.5 * PIXELS];
  for (const top of [3, length - deep - 3]) context.strokeRect((width - area) / 2, top, area, deep);
}

function makeGoal(team, side) {
  const goal = new THREE.Group();
  const material = new THREE.MeshBasicMaterial({color: TEAMS[team].sign});
  const add = (x, y, z, width, height, depth) => {
    const part = new THREE.Mesh(new THREE.BoxBufferGeometry(width, height, depth), material);
    part.position.set(x, y, z);
    part.castShadow = true;
    goal.add(part);
  };
  for (const end of [-1, 1]) {
    add(end * GOAL_HALF_WIDTH, GOAL_HEIGHT / 2, 0, 0.24, GOAL_HEIGHT, 0.24);
    add(end * GOAL_HALF_WIDTH, GOAL_HEIGHT / 2, GOAL_DEPTH, 0.1, GOAL_HEIGHT, 0.1);
  }
  add(0, GOAL_HEIGHT, 0, 2 * GOAL_HALF_WIDTH + 0.24, 0.24, 0.24);
  const mesh = drawn(64, 64, (context) => {
    context.strokeStyle = '#fff';
    context.lineWidth = 6;
    context.strokeRect(0, 0, 64, 64);
  });
  mesh.wrapS = mesh.wrapT = THREE.RepeatWrapping;
  mesh.repeat.set(14, 6);
  const net = new THREE.Mesh(
      new THREE.PlaneBufferGeometry(2 * GOAL_HALF_WIDTH, GOAL_HEIGHT),
      new THREE.MeshBasicMaterial({map: mesh, color: TEAMS[team].sign, transparent: true, opacity: 0.6, side: THREE.DoubleSide, depthWrite: false}));
  net.position.set(0, GOAL_HEIGHT / 2, GOAL_DEPTH);
  const sign = new THREE.Mesh(new THREE.PlaneBufferGeometry(2.4, 2.4), new THREE.MeshBasicMaterial({
    map: drawn(128, 128, (context) => paintSign(context, team, 128, TEAMS[team].sign)), transparent: true, side: THREE.DoubleSide}));
  sign.position.y = GOAL_HEIGHT + 1.6;
  goal.add(net, sign);
  goal.position.z = side * PITCH_HALF_LENGTH;
  goal.rotation.y = side < 0 ? Math.PI : 0;
  return goal;
}

export class Field {
  #scene;
  #sky = new THREE.Mesh(new THREE.SphereBufferGeometry(110, 24, 16), new THREE.MeshBasicMaterial({side: THREE.BackSide, fog: false, depthWrite: false}));
  #ground = new THREE.Mesh(new THREE.PlaneBufferGeometry(2 * HALF_SIZE, 2 * HALF_SIZE), new THREE.MeshLambertMaterial());
  #pitch = new THREE.Mesh(new THREE.PlaneBufferGeometry(2 * PITCH_HALF_WIDTH, 2 * PITCH_HALF_LENGTH), new THREE.MeshLambertMaterial());
  #walls = new THREE.MeshLambertMaterial();
  #sun = new THREE.DirectionalLight(0xffffff, 1);
  #ambient = new THREE.HemisphereLight(0xffffff, 0x8f8a80, 0.6);

  // Adds all of it to the scene, and changes with the colour scheme.
  constructor(scene) {
    this.#scene = scene;
    for (const flat of [this.#ground, this.#pitch]) {
      flat.rotation.x = -Math.PI / 2;
      flat.receiveShadow = true;
    }
    this.#pitch.position.y = 0.02;
    this.#buildWalls();
    scene.add(this.#sky, this.#ground, this.#pitch, makeGoal(0, -1), makeGoal(1, 1), this.#ambient, this.#sun, this.#sun.target);
    this.#sun.shadow.mapSize.set(1024, 1024);
    Object.assign(this.#sun.shadow.camera, {left: -20, right: 20, top: 20, bottom: -20, near: 1, far: 60});
    this.#sun.shadow.bias = -0.002;
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const paint = () => this.#paint(THEMES[dark.matches ? 'dark' : 'light']);
    dark.addEventListener('change', paint);
    paint();
  }

  // The sky is around the camera, and the sun shines on the player's surroundings.
  follow(camera, [x, , z]) {
    this.#sky.position.copy(camera.position);
    this.#sun.position.set(x + 12, 24, z + 9);
    this.#sun.target.position.set(x, 0, z);
  }

  set shadows(shadows) { this.#sun.castShadow = shadows; }

  get materials() { return [this.#ground.material, this.#pitch.material, this.#walls]; }

  #buildWalls() {
    const side = 2 * HALF_SIZE;
    for (const [x, z, turned] of [[0, HALF_SIZE, 0], [0, -HALF_SIZE, 0], [HALF_SIZE, 0, 1], [-HALF_SIZE, 0, 1]]) {
      const wall = new THREE.Mesh(new THREE.BoxBufferGeometry(side, 2, 0.4), this.#walls);
      wall.position.set(x, 1, z);
      wall.rotation.y = turned * Math.PI / 2;
      this.#scene.add(wall);
    }
  }

  #paint(theme) {
    // Entities that come into sight emerge from the mist.
    this.#scene.fog = new THREE.Fog(theme.horizon, SEEN_FROM * 0.7, SEEN_FROM + 14);
    const ground = drawn(256, 256, (context) => paintGround(context, theme));
    ground.wrapS = ground.wrapT = THREE.RepeatWrapping;
    ground.repeat.set(HALF_SIZE / 3, HALF_SIZE / 3);
    const maps = [
      [this.#sky, drawn(SKY.width, SKY.height, (context) => paintSky(context, theme))],
      [this.#ground, ground],
      [this.#pitch, drawn(2 * PITCH_HALF_WIDTH * PIXELS, 2 * PITCH_HALF_LENGTH * PIXELS, (context) => paintPitch(context, theme))],
    ];
    for (const [{material}, map] of maps) {
      material.map?.dispose();
      material.map = map;
      material.needsUpdate = true;
    }
    this.#walls.color.set(theme.wall);
    this.#sun.intensity = theme.sun;
    this.#ambient.intensity = theme.ambient;
  }
}
