// Messages and frames to try. A valid one is composed from the form's values in `form`; an invalid one, which the
// form cannot compose, consists of the bytes that `sender` would send.

const form = (sender, values) => ({
  sender, opcode: 'text', code: 1000, fragment: '', times: 1, key: '', compress: false, takeover: true, text: 'Hello', ...values,
});

export const SAMPLES = [
  {name: 'RFC 6455, Hello', form: form('server')},
  {name: 'RFC 6455, masked', form: form('client', {key: '37 fa 21 3d'})},
  {name: 'two fragments', form: form('server', {fragment: 3})},
  {name: 'compressed', form: form('server', {compress: true, times: 2})},
  {name: 'a client that does not mask', sender: 'client', hex: '81 05 48 65 6c 6c 6f'},
  {name: 'a reserved bit', sender: 'server', hex: 'a1 05 48 65 6c 6c 6f'},
  {name: 'a reserved opcode', sender: 'server', hex: '83 05 48 65 6c 6c 6f'},
  {name: 'not UTF-8', sender: 'server', hex: '81 05 48 65 ff 6c 6f'},
  {name: 'a length too long', sender: 'server', hex: '81 7e 00 05 48 65 6c 6c 6f'},
  {name: 'a ping in two', sender: 'server', hex: '09 02 48 65 80 03 6c 6c 6f'},
  {name: 'close code 1005', sender: 'server', hex: '88 02 03 ed'},
  {name: 'compressed, not agreed on', sender: 'server', hex: 'c1 07 f2 48 cd c9 c9 07 00'},
  {name: 'cut off', sender: 'server', hex: '81 05 48 65'},
];
