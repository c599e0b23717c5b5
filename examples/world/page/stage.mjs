// The picture, drawn with three.js, which index.html has loaded.

import {Field} from './field.mjs';
import {AVATAR, AVATAR_RADIUS, HELD_ABOVE, HELD_BEFORE, KINDS, TEAMS} from './rules.mjs';
import {surfaceOf} from './textures.mjs';

const {THREE} = globalThis;

// The id of a thing selects one: things of a kind differ a little.
const TINTS = [0xffffff, 0xf4e6da, 0xe2ecf4];

function geometryOf({shape, half: [x, y, z]}) {
  switch (shape) {
    case 'sphere': return new THREE.SphereBufferGeometry(x, 28, 20);
    case 'cylinder': return new THREE.CylinderBufferGeometry(x, x, 2 * y, 20);
    default: return new THREE.BoxBufferGeometry(2 * x, 2 * y, 2 * z);
  }
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
  #camera = new THREE.PerspectiveCamera(60, 1, 0.1, 160);
  #renderer;
  #field = new Field(this.#scene);
  #shared = new Map();   // shared by the meshes of a kind
  #meshes = new Map();   // id -> Object3D
  #drawn = new Set();
  #quality = 0;
  #fixed = false;
  #slow = {pictures: 0, seconds: 0};

  constructor(canvas) {
    this.#renderer = new THREE.WebGLRenderer({canvas, antialias: true});
    this.#renderer.shadowMap.type = THREE.PCFSoftShadowMap;
    this.#use(0);
  }

  // A new, empty world.
  clear() {
    for (const id of [...this.#meshes.keys()]) this.#remove(id);
  }

  // Places an entity for this picture; entities that are not placed are removed. `team` is an avatar's, if known.
  put(id, kind, position, rotation, team) {
    this.#drawn.add(id);
    let mesh = this.#meshes.get(id);
    if (mesh?.userData.kind !== kind || mesh.userData.team !== team) {
      this.#remove(id);
      mesh = kind === AVATAR ? this.#makeAvatar(team) : this.#makeBody(id, kind);
      mesh.userData = {kind, team};
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
    this.#field.follow(this.#camera, position);
    this.#renderer.render(this.#scene, this.#camera);
  }

  // Where a carried body is drawn.
  static held([x, y, z], yaw) {
    return [x + Math.sin(yaw) * HELD_BEFORE, y + HELD_ABOVE, z + Math.cos(yaw) * HELD_BEFORE];
  }

  // The point of the last picture, in pixels, that shows this position; null if the camera does not look there.
  pointOf([x, y, z]) {
    const point = new THREE.Vector3(x, y, z).project(this.#camera);
    if (point.z > 1 || Math.abs(point.x) > 1.1 || Math.abs(point.y) > 1.1) return null;
    const {clientWidth, clientHeight} = this.#renderer.domElement;
    return {x: (point.x + 1) / 2 * clientWidth, y: (1 - point.y) / 2 * clientHeight};
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
    this.#field.shadows = shadows;
    for (const material of this.#materials) material.needsUpdate = true;
  }

  get #materials() {
    return [...this.#field.materials, ...[...this.#shared.values()].filter((one) => one.isMaterial)];
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

  #mesh(geometry, key, look) {
    const mesh = new THREE.Mesh(geometry, this.#share(key, () => new THREE.MeshLambertMaterial(look())));
    mesh.castShadow = mesh.receiveShadow = true;
    return mesh;
  }

  #makeBody(id, kind) {
    const {name} = KINDS[kind];
    const geometry = this.#share(name, () => geometryOf(KINDS[kind]));
    const surface = this.#share(`surface of ${name}`, () => surfaceOf(name));
    const tint = TINTS[id % TINTS.length];
    return this.#mesh(geometry, `${name} ${tint}`, () => ({map: surface, color: tint}));
  }

  // A capsule with a visor that shows the direction it looks; grey until its team is known.
  #makeAvatar(team) {
    const {half: [, y]} = KINDS[AVATAR];
    const group = new THREE.Group();
    const round = this.#share('round', () => new THREE.SphereBufferGeometry(AVATAR_RADIUS, 20, 14));
    const middle = this.#share('middle', () => new THREE.CylinderBufferGeometry(AVATAR_RADIUS, AVATAR_RADIUS, 2 * (y - AVATAR_RADIUS), 20));
    const visorOf = this.#share('visor', () => new THREE.BoxBufferGeometry(0.5, 0.2, 0.3));
    const colour = TEAMS[team]?.colour ?? 0x9a9a9a;
    // It shines a little, so that a bright team is bright in the shade, too.
    const make = (geometry) => this.#mesh(geometry, `team ${team}`, () => ({color: colour, emissive: colour, emissiveIntensity: 0.3}));
    const [head, feet] = [make(round), make(round)];
    const visor = this.#mesh(visorOf, `visor ${team}`, () => ({color: team === 1 ? 0xe6eaff : 0x20242c}));
    head.position.y = y - AVATAR_RADIUS;
    feet.position.y = AVATAR_RADIUS - y;
    visor.position.set(0, y - AVATAR_RADIUS, 0.28);
    group.add(head, make(middle), feet, visor);
    return group;
  }

  #remove(id) {
    const mesh = this.#meshes.get(id);
    if (!mesh) return;
    this.#scene.remove(mesh);
    this.#meshes.delete(id);
  }
}
