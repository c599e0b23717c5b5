// Frames to try, right ones and broken ones. Each is what `sender` would put on the wire.

export const SAMPLES = [
  {name: 'RFC 6455, Hello', sender: 'server', hex: '81 05 48 65 6c 6c 6f'},
  {name: 'RFC 6455, masked', sender: 'client', hex: '81 85 37 fa 21 3d 7f 9f 4d 51 58'},
  {name: 'two fragments', sender: 'server', hex: '01 03 48 65 6c 80 02 6c 6f'},
  {name: 'compressed', sender: 'server', deflate: true, hex: 'c1 07 f2 48 cd c9 c9 07 00 c1 05 f2 00 11 00 00'},
  {name: 'a client that does not mask', sender: 'client', hex: '81 05 48 65 6c 6c 6f', broken: true},
  {name: 'a reserved bit', sender: 'server', hex: 'a1 05 48 65 6c 6c 6f', broken: true},
  {name: 'a reserved opcode', sender: 'server', hex: '83 05 48 65 6c 6c 6f', broken: true},
  {name: 'not UTF-8', sender: 'server', hex: '81 05 48 65 ff 6c 6f', broken: true},
  {name: 'a length too long', sender: 'server', hex: '81 7e 00 05 48 65 6c 6c 6f', broken: true},
  {name: 'a ping in two', sender: 'server', hex: '09 02 48 65 80 03 6c 6c 6f', broken: true},
  {name: 'close code 1005', sender: 'server', hex: '88 02 03 ed', broken: true},
  {name: 'compressed, not agreed on', sender: 'server', hex: 'c1 07 f2 48 cd c9 c9 07 00', broken: true},
  {name: 'cut off', sender: 'server', hex: '81 05 48 65', broken: true},
];
