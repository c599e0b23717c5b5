// The picture, drawn with three.js, which index.html has loaded.

import {AVATAR, AVATAR_RADIUS, HALF_SIZE, HELD_ABOVE, HELD_BEFORE, KINDS, SEEN_FROM} from './rules.mjs';

const {THREE} = globalThis;

const THEMES = {
  light: {sky: 0xdfeaf2, ground: '#e9e4d6', line: '#cfc7b3', wall: 0xb9b09a, sun: 0.42, ambient: 0.72},
  dark: {sky: 0x11161f, ground: '#1e2631', line: '#2c3745', wall: 0x39465a, sun: 0.5, ambient: 0.62},
};

// Indexed by kind; an entity's id selects one of them.
const COLOURS = {
  crate: [0xc98b4b, 0xb97a3f, 0xd69c5c],
  box: [0x4d9de0, 0x3c7fc0, 0x73b5ea],
  plank: [0xa9744f, 0x8f5f3e, 0xbb8a64],
  domino: [0xf4f1e8, 0x3b3f4a, 0xe15554],
  ball: [0xe15554, 0xf2b134, 0x7768ae],
  barrel: [0x3bb273, 0x2f8f5c, 0x5cc78d],
};

function geometryOf({shape, half: [x, y, z]}) {
  switch (shape) {
    case 'sphere': return new THREE.SphereBufferGeometry(x, 24, 16);
    case 'cylinder': return new THREE.CylinderBufferGeometry(x, x, 2 * y, 20);
    default: return new THREE.BoxBufferGeometry(2 * x, 2 * y, 2 * z);
  }
}

function groundTexture({ground, line}) {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 128;
  const context = canvas.getContext('2d');
  context.fillStyle = ground;
  context.fillRect(0, 0, 128, 128);
  context.strokeStyle = line;
  context.lineWidth = 3;
  context.strokeRect(0, 0, 128, 128);
  const texture = new THREE.CanvasTexture(canvas);
  texture.wrapS = texture.wrapT = THREE.RepeatWrapping;
  texture.repeat.set(HALF_SIZE, HALF_SIZE);  // a square of two metres each
  texture.anisotropy = 8;
  return texture;
}

// The effects that a slow machine omits, one after the other.
const QUALITIES = [
  {ratio: 2, shadows: true},
  {ratio: 1, shadows: true},
  {ratio: 1, shadows: false},
  {ratio: 0.5, shadows: false},
];
const SLOW = 0.03;     // seconds between two pictures, on average
const PATIENCE = 12;   // pictures

export class Stage {
  #scene = new THREE.Scene();
  #camera = new THREE.PerspectiveCamera(60, 1, 0.1, 120);
  #renderer;
  #sun = new THREE.DirectionalLight(0xffffff, 1);
  #ambient = new THREE.HemisphereLight(0xffffff, 0x8f8a80, 0.6);
  #ground;
  #walls = new THREE.MeshLambertMaterial();
  #shared = new Map();   // shared by the meshes of a kind
  #meshes = new Map();   // id -> Object3D
  #drawn = new Set();
  #quality = 0;
  #fixed = false;
  #slow = {pictures: 0, seconds: 0};

  constructor(canvas) {
    this.#renderer = new THREE.WebGLRenderer({canvas, antialias: true});
    this.#renderer.shadowMap.type = THREE.PCFSoftShadowMap;
    this.#build();
    this.#use(0);
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const paint = () => this.#paint(THEMES[dark.matches ? 'dark' : 'light']);
    dark.addEventListener('change', paint);
    paint();
  }

  // A new, empty world.
  clear() {
    for (const id of [...this.#meshes.keys()]) this.#remove(id);
  }

  // Places an entity for this picture; entities that are not placed are removed.
  put(id, kind, position, rotation) {
    this.#drawn.add(id);
    let mesh = this.#meshes.get(id);
    if (mesh?.userData.kind !== kind) {
      this.#remove(id);
      mesh = kind === AVATAR ? this.#makeAvatar(id) : this.#makeBody(id, kind);
      mesh.userData.kind = kind;
      this.#meshes.set(id, mesh);
      this.#scene.add(mesh);
    }
    mesh.position.fromArray(position);
    mesh.quaternion.fromArray(rotation);
  }

  // 0 is the best quality. Once set it stays; otherwise it decreases until the pictures come fast enough.
  set quality(quality) {
    this.#fixed = true;
    this.#use(quality);
  }

  // Draws the placed entities, from behind `position` looking along `yaw`; this long after the last picture.
  draw(position, {yaw, pitch, distance}, seconds) {
    this.#adapt(seconds);
    for (const id of [...this.#meshes.keys()]) if (!this.#drawn.has(id)) this.#remove(id);
    this.#drawn.clear();
    this.#fit();
    const [x, y, z] = position;
    const back = distance * Math.cos(pitch);
    this.#camera.position.set(x - Math.sin(yaw) * back, Math.max(y + 0.8 + distance * Math.sin(pitch), 0.3), z - Math.cos(yaw) * back);
    this.#camera.lookAt(x, y + 0.8, z);
    this.#sun.position.set(x + 12, 24, z + 9);
    this.#sun.target.position.set(x, 0, z);
    this.#renderer.render(this.#scene, this.#camera);
  }

  // Where a carried body is drawn.
  static held([x, y, z], yaw) {
    return [x + Math.sin(yaw) * HELD_BEFORE, y + HELD_ABOVE, z + Math.cos(yaw) * HELD_BEFORE];
  }

  #build() {
    const side = 2 * HALF_SIZE;
    this.#ground = new THREE.Mesh(new THREE.PlaneBufferGeometry(side, side), new THREE.MeshLambertMaterial());
    this.#ground.rotation.x = -Math.PI / 2;
    this.#ground.receiveShadow = true;
    for (const [x, z, turned] of [[0, HALF_SIZE, 0], [0, -HALF_SIZE, 0], [HALF_SIZE, 0, 1], [-HALF_SIZE, 0, 1]]) {
      const wall = new THREE.Mesh(new THREE.BoxBufferGeometry(side, 2, 0.4), this.#walls);
      wall.position.set(x, 1, z);
      wall.rotation.y = turned * Math.PI / 2;
      this.#scene.add(wall);
    }
    this.#sun.shadow.mapSize.set(1024, 1024);
    Object.assign(this.#sun.shadow.camera, {left: -20, right: 20, top: 20, bottom: -20, near: 1, far: 60});
    this.#sun.shadow.bias = -0.002;
    this.#scene.add(this.#ground, this.#ambient, this.#sun, this.#sun.target);
  }

  #paint(theme) {
    this.#scene.background = new THREE.Color(theme.sky);
    // Entities that come into sight emerge from the mist.
    this.#scene.fog = new THREE.Fog(theme.sky, SEEN_FROM * 0.7, SEEN_FROM + 8);
    this.#ground.material.map = groundTexture(theme);
    this.#ground.material.needsUpdate = true;
    this.#walls.color.set(theme.wall);
    this.#sun.intensity = theme.sun;
    this.#ambient.intensity = theme.ambient;
  }

  #adapt(seconds) {
    if (this.#fixed || this.#quality === QUALITIES.length - 1) return;
    this.#slow.seconds += Math.min(seconds, 0.5);  // a hidden page draws nothing
    if (++this.#slow.pictures < PATIENCE) return;
    if (this.#slow.seconds / this.#slow.pictures > SLOW) this.#use(this.#quality + 1);
    this.#slow = {pictures: 0, seconds: 0};
  }

  #use(quality) {
    this.#quality = quality;
    const {ratio, shadows} = QUALITIES[quality];
    this.#renderer.setPixelRatio(Math.min(devicePixelRatio, ratio));
    this.#renderer.shadowMap.enabled = shadows;
    this.#sun.castShadow = shadows;
    for (const material of this.#materials) material.needsUpdate = true;
  }

  get #materials() {
    return [this.#ground.material, this.#walls, ...[...this.#shared.values()].filter((one) => one.isMaterial)];
  }

  #fit() {
    const {clientWidth: width, clientHeight: height} = this.#renderer.domElement;
    const size = this.#renderer.getSize(new THREE.Vector2());
    if (size.x === width && size.y === height) return;
    this.#renderer.setSize(width, height, false);
    this.#camera.aspect = width / height;
    // An upright phone has as wide a view to the sides as is acceptable.
    this.#camera.fov = width < height ? 75 : 60;
    this.#camera.updateProjectionMatrix();
  }

  #share(key, make) {
    if (!this.#shared.has(key)) this.#shared.set(key, make());
    return this.#shared.get(key);
  }

  #mesh(geometry, colour) {
    const mesh = new THREE.Mesh(geometry, this.#share(`colour ${colour}`, () => new THREE.MeshLambertMaterial({color: colour})));
    mesh.castShadow = mesh.receiveShadow = true;
    return mesh;
  }

  #makeBody(id, kind) {
    const {name} = KINDS[kind];
    const geometry = this.#share(name, () => geometryOf(KINDS[kind]));
    return this.#mesh(geometry, COLOURS[name][id % COLOURS[name].length]);
  }

  // A capsule with a visor that shows the direction it looks.
  #makeAvatar(id) {
    const {half: [, y]} = KINDS[AVATAR];
    const colour = new THREE.Color().setHSL(id * 0.381966 % 1, 0.65, 0.55).getHex();
    const group = new THREE.Group();
    const round = this.#share('round', () => new THREE.SphereBufferGeometry(AVATAR_RADIUS, 20, 14));
    const middle = this.#share('middle', () => new THREE.CylinderBufferGeometry(AVATAR_RADIUS, AVATAR_RADIUS, 2 * (y - AVATAR_RADIUS), 20));
    const visor = this.#mesh(this.#share('visor', () => new THREE.BoxBufferGeometry(0.5, 0.2, 0.3)), 0x20242c);
    const [head, feet] = [this.#mesh(round, colour), this.#mesh(round, colour)];
    head.position.y = y - AVATAR_RADIUS;
    feet.position.y = AVATAR_RADIUS - y;
    visor.position.set(0, y - AVATAR_RADIUS, 0.28);
    group.add(head, this.#mesh(middle, colour), feet, visor);
    return group;
  }

  #remove(id) {
    const mesh = this.#meshes.get(id);
    if (!mesh) return;
    this.#scene.remove(mesh);
    this.#meshes.delete(id);
  }
}
