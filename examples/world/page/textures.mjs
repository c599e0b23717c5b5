// The surfaces of things, drawn on canvases. Each has its own pattern and its own brightness, so that things also
// differ without colours.

const {THREE} = globalThis;

// A texture of this size, in pixels, that `paint(context, width, height)` has drawn.
export function drawn(width, height, paint) {
  const canvas = Object.assign(document.createElement('canvas'), {width, height});
  paint(canvas.getContext('2d'), width, height);
  const texture = new THREE.CanvasTexture(canvas);
  texture.anisotropy = 8;
  return texture;
}

export function fill(context, colour, width, height) {
  context.fillStyle = colour;
  context.fillRect(0, 0, width, height);
}

function line(context, colour, width, ...points) {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.beginPath();
  for (const [x, y] of points) context.lineTo(x, y);
  context.stroke();
}

export function disc(context, colour, x, y, rx, ry = rx) {
  context.fillStyle = colour;
  context.beginPath();
  context.ellipse(x, y, rx, ry, 0, 0, 2 * Math.PI);
  context.fill();
}

// By the name of a kind; each is drawn on a square.
const PAINTERS = {
  // Boards in a frame, with a brace.
  crate(context, size) {
    fill(context, '#cf9a58', size, size);
    for (let y = 0; y < size; y += size / 4) line(context, '#94622e', 2, [0, y], [size, y]);
    line(context, '#7a4c1f', size / 8, [0, 0], [size, size]);
    context.strokeStyle = '#7a4c1f';
    context.lineWidth = size / 6;
    context.strokeRect(0, 0, size, size);
  },
  // Dark metal with rivets.
  box(context, size) {
    fill(context, '#2b4562', size, size);
    for (let i = 0; i < 9; ++i) {
      disc(context, '#b4cbe2', size * (0.2 + 0.3 * (i % 3)), size * (0.2 + 0.3 * Math.floor(i / 3)), size / 20);
    }
  },
  // Light wood with its grain.
  plank(context, size) {
    fill(context, '#e3c597', size, size);
    for (let y = size / 16; y < size; y += size / 8) line(context, '#b3905f', 2, [0, y], [size * 0.6, y + 3], [size, y - 2]);
  },
  // The five of a domino, twice.
  domino(context, size) {
    fill(context, '#f8f6ef', size, size);
    line(context, '#26282e', size / 24, [0, size / 2], [size, size / 2]);
    for (const [x, y] of [[0.25, 0.1], [0.75, 0.1], [0.5, 0.25], [0.25, 0.4], [0.75, 0.4]]) {
      for (const down of [0, 0.5]) disc(context, '#26282e', size * x, size * (y + down), size / 11, size / 22);
    }
  },
  // A beach ball.
  ball(context, size) {
    fill(context, '#fff3e6', size, size);
    context.fillStyle = '#c93f32';
    for (let i = 0; i < 4; ++i) context.fillRect(size * i / 4, 0, size / 8, size);
  },
  // Dark staves with light hoops.
  barrel(context, size) {
    fill(context, '#24543c', size, size);
    for (let x = 0; x < size; x += size / 8) line(context, '#173a29', 2, [x, 0], [x, size]);
    for (const y of [0.12, 0.5, 0.88]) line(context, '#b9d3c3', size / 9, [0, size * y], [size, size * y]);
  },
  // The ball of the game: white with dark spots, wider towards the poles, where the sphere draws them together.
  gameBall(context, size) {
    fill(context, '#ffffff', size, size);
    disc(context, '#1b1e24', 0, 0, 4 * size, size / 10);
    disc(context, '#1b1e24', 0, size, 4 * size, size / 10);
    for (const [y, first] of [[0.36, 0], [0.64, 0.1]]) {
      for (let i = 0; i < 6; ++i) disc(context, '#1b1e24', size * (first + i / 5), size * y, size / 17, size / 12);
    }
  },
};

const SIZE = 128;

export const surfaceOf = (name) => drawn(SIZE, SIZE, (context) => PAINTERS[name](context, SIZE));

// The sign of a team: a sun with rays, or the crescent of a moon.
export function paintSign(context, team, size, colour) {
  const middle = size / 2;
  context.clearRect(0, 0, size, size);
  if (team === 0) {
    disc(context, colour, middle, middle, size * 0.24);
    for (let i = 0; i < 8; ++i) {
      const [x, y] = [Math.cos(i * Math.PI / 4), Math.sin(i * Math.PI / 4)];
      line(context, colour, size / 14, [middle + x * size * 0.32, middle + y * size * 0.32], [middle + x * size * 0.46, middle + y * size * 0.46]);
    }
  } else {
    disc(context, colour, middle, middle, size * 0.4);
    context.globalCompositeOperation = 'destination-out';
    disc(context, colour, middle + size * 0.18, middle - size * 0.1, size * 0.34);
    context.globalCompositeOperation = 'source-over';
  }
}
