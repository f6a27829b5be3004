// Entries at the edges of what is allowed: the schema takes just those that netpale takes.
'use strict';
const { editor, check, expect, done } = require('./verdict');

const upTo = (first, last) => Array.from({ length: last - first + 1 }, (_, i) => first + i);
const powers = [1, 9, 10, 99, 100, 999, 1000, 9999, 10000];
const ports = new Set([...powers, ...upTo(5, 10).map(n => n * 10000), 64999, 65000, 65399, 65400, 65499, 65500,
  65509, 65510, 65519, 65520, 65529, 65530, 65534, 65535, 65536, 65539, 65540, 65599, 65600, 65999]
  .flatMap(n => [n - 1, n, n + 1]));

const label = n => 'l'.repeat(n), l63 = label(63), labels = n => `${l63}.${l63}.${l63}.${label(n)}`;
const hosts = [label(63), label(64), `a.${label(64)}.b`, ...[60, 61, 62].flatMap(n => [labels(n), `${labels(n)}.`]),
  `*.${labels(61)}`, `.${labels(61)}`, `*.${labels(62)}`, `${labels(61)}:443`, `${labels(62)}:443`,
  ...['0x', '0X', '0x1', '0xg', '0', '00', '1', '1a', 'a1', '_', '-', '--', 'a-', '-a', 'a--b', 'a_', 'x0']
    .flatMap(last => [last, `${last}.`, `a.${last}`, `a.${last}.`, `*.${last}`, `.a.${last}`, `${last}.a`, `a.${last}:1`])];

const numbers = [0, 9, 10, 19, 99, 100, 189, 199, 200, 239, 249, 250, 255, 256, 259, 260, 299, 300, 999, '00', '01', '001', '010'];
const fours = numbers.flatMap(n => [`${n}.1.1.1`, `1.${n}.1.1`, `1.1.1.${n}`, `1::${n}.1.1.1`, `1::1.1.1.${n}`]);

// IPv6 with every number of groups, "::" at every place, and with an IPv4 tail.
const sixes = upTo(0, 9).flatMap(n => ['', ':1.2.3.4'].flatMap(tail => upTo(0, n + 1).map(at => {
  const groups = upTo(1, n).map(String);
  const text = at > n ? groups.join(':') :
    `${groups.slice(0, at).join(':')}::${groups.slice(at).join(':')}`;
  return (text + tail).replace(':::', '::').replace(/^:(?=\d+\.)/, '');
})));
// IPv4-mapped, and what is not.
const mapped = upTo(0, 6).flatMap(n => ['ffff', 'FFff', 'fffe'].flatMap(word => [`::${'0:'.repeat(n)}${word}:1:2`,
  `${'0:'.repeat(n)}${word}:1:2`, `${'0:'.repeat(n)}${word}::`, `${'00:'.repeat(n)}${word}::1`, `${'0:'.repeat(n)}:${word}:0:0`,
  `0::${'0:'.repeat(n)}${word}:1.2.3.4`, `${'0:'.repeat(n)}${word}:1.2.3.4`, `::${word}${':0'.repeat(n)}`]));
const six = [...sixes, ...mapped];

const lengths = [...upTo(0, 40), ...upTo(90, 140), 200, 300, 999, 1000, '00', '01', '08', '', '-1'];
const words = [...new Set([
  ...[...ports, '00', '01', '080'].flatMap(n => [`a.b:${n}`, `a.b:1-${n}/tcp`]),
  ...hosts, ...fours, ...six, ...six.map(text => `[${text}]:443`),
  ...lengths.flatMap(n => [`0.0.0.0/${n}`, `::/${n}`, `[::/${n}]:1`]),
])].map(text => JSON.stringify(text));

const mappings = ['a.example', '*.example', '.example', 'a.example:443', '*.example:443', '10.0.0.1', '10.0.0.1:443',
  '10.0.0.0/8', '10.0.0.0/8:443', '::1', '[::1]', '[::1]:443', '::/0', '[::/0]', '[::/0]:443', 'preset:443', 'preset:npm']
  .flatMap(host => ['ports: [1]', 'required: true', 'required: false', 'private: true', 'types: mx', 'ports: [1], types: [mx]', '']
    .map(more => `{ host: ${JSON.stringify(host)}, ${more} }`));
const types = ['mx', 'srv', 'txt'].flatMap(type => upTo(0, 7).map(bits =>
  [...type].map((letter, i) => bits >> i & 1 ? letter.toUpperCase() : letter).join('')));

const items = [...words, ...mappings, ...types.map(type => `{ host: a.example, types: [${type}] }`),
  ...[...ports].map(n => `{ host: a.example, ports: [${n}] }`)];
// netpale tells 100 faults of a file.
for (const key of ['allow', 'deny'])
  for (let first = 0; first < items.length; first += 45) {
    const these = items.slice(first, first + 45);
    const text = `network:\n  ${key}:\n${these.map(item => `    - ${item}\n`).join('')}`;
    const { yaml, faults } = editor(text), found = new Map(check(text).faults.map(({ line, words }) => [line - 3, words]));
    const seen = new Set(faults.map(({ instancePath }) => Number(instancePath.split('/')[3])));
    expect(!yaml, yaml, text);
    these.forEach((item, i) => expect(found.has(i) === seen.has(i) || /host bits/.test(found.get(i)) || /run backwards/.test(found.get(i)),
      `${key}: ${item}: netpale: ${found.get(i) ?? 'accepted'}; the schema: ${seen.has(i) ? 'refused' : 'accepted'}`));
  }
done('edges', 2000);
