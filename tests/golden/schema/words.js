// Every key and word that the parser knows stands in the schema and in the manual, and no other.
'use strict';
const fs = require('fs'), path = require('path');
const { root, schema, ajv, editor, netpale, check, expect, done } = require('./verdict');

const same = (what, known, said) => expect(known.length &&
  [...known].sort().join() === [...said].sort().join(), `${what}: known: ${known}; said: ${said}`);
// The parser says what it knows when it is given what it does not know.
const told = (text, pattern) => {
  const words = pattern.exec(check(text).faults[0]?.words)?.[1];
  if (!words)
    throw new Error(`netpale says otherwise what it knows: ${check(text).said}`);
  return words.split(/, | or /);
};
const entry = 'network: { allow: [{ host: a.example, xyzzy: 1 }] }\n';
const keys = {
  'Keys at the top': /names\[\] = \{ (".*") \};/.exec(
    fs.readFileSync(path.join(root, 'lib/layer_yaml.c'), 'utf8'))[1].split(', ').map(JSON.parse),
  'Keys of network': told('network: { xyzzy: 1 }\n', /known are (.*)/),
  'Keys of an entry': told(entry, /known are (.*)/),
};
const network = schema.properties.network.properties, { $defs } = schema;
const { then: preset, else: host } = $defs.allowedMapping;
const inSchema = {
  'Keys at the top': Object.keys(schema.properties),
  'Keys of network': Object.keys(network),
  'Keys of an entry': new Set([preset, host].flatMap(entry => Object.keys(entry.properties))),
};
for (const section in keys)
  same(section, keys[section], inSchema[section]);

const words = {};
for (const key of ['policy', 'dns', 'trust_project']) {
  words[key] = told(`network: { ${key}: xyzzy }\n`, /expected (.*), not/);
  same(key, words[key], network[key].enum);
}
words.merge = check('merge: xyzzy\n', 'project').faults[0].words.match(/expected (.*), not/)[1]
  .split(' or ');
same('merge', words.merge, schema.properties.merge.enum);
words.inbound = told('network: { inbound: xyzzy }\n', /expected (.*) or a list/);
same('inbound', words.inbound, network.inbound.anyOf[0].enum);
words.types = told('network: { allow: [{ host: a.example, types: xyzzy }] }\n', /expected (.*), not/);
same('types', words.types, $defs.type.anyOf[0].enum);
const presets = netpale('presets').stdout.match(/^\S+/mg);
same('presets', presets, $defs.preset.enum);
same('presets as words', presets.map(name => `preset:${name}`), $defs.presetWord.enum);

// Each word is taken by both, and misspelt by none.
const lines = {
  policy: word => `network: { policy: ${word} }\n`,
  dns: word => `network: { policy: full, dns: ${word} }\n`,
  trust_project: word => `network: { policy: full, trust_project: ${word} }\n`,
  inbound: word => `network: { policy: full, inbound: ${word} }\n`,
  merge: word => `merge: ${word}\nnetwork: { policy: none }\n`,
  types: word => `network: { allow: [{ host: a.example, types: ${word} }] }\n`,
};
const wrong = text => {
  const { yaml, faults } = editor(text);
  return Boolean(yaml || faults.length);
};
for (const key in words)
  for (const [word, good] of words[key].flatMap(word => [[word, true], [`${word}x`, false]])) {
    const text = lines[key](word);
    expect(wrong(text) !== good, `the schema, of ${key}: ${word}`);
    expect(!check(text, key === 'merge' ? 'project' : 'profile').faults.length === good,
      `netpale, of ${key}: ${word}`);
  }
// A misspelt key, but for those at the top: there it is somebody else's.
for (const [inside, before, after] of [['Keys of network', 'network: { ', ' }'],
  ['Keys of an entry', 'network: { allow: [{ host: a.example, ', ' }] }']])
  for (const key of keys[inside])
    expect(wrong(`${before}${key}x: 1${after}\n`), `the schema, of the key ${key}x`);

// The examples that editors show are good ones.
function* examples(at, place) {
  if (at === null || typeof at !== 'object')
    return;
  for (const example of at.examples ?? [])
    yield [example, place];
  for (const key in at)
    if (key !== 'examples')
      yield* examples(at[key], [...place, key]);
}
const around = {
  '': value => value,
  'properties,network': value => ({ network: value }),
  '$defs,allowed': value => ({ network: { allow: [value] } }),
  '$defs,denied': value => ({ network: { deny: [value] } }),
  '$defs,ports': value => ({ network: { policy: 'none', inbound: value } }),
  '$defs,allowedMapping,else,properties,types':
    value => ({ network: { allow: [{ host: 'a.example', types: value }] } }),
};
for (const key in network)
  around[`properties,network,properties,${key}`] = value => ({ network: { policy: 'full', [key]: value } });
for (const [example, place] of examples(schema, [])) {
  const pointer = ['', ...place].join('/');
  expect(ajv.validate({ $ref: `${schema.$id}#${pointer}` }, example), `${pointer}:`, example);
  const { faults } = check(JSON.stringify(around[place](example)));
  expect(!faults.length, `netpale, of the example in ${pointer}:`, example, faults);
}

// The manual: each key has its item, each word is marked somewhere.
const manual = fs.readFileSync(path.join(root, 'config/netpale.policy.5'), 'utf8');
for (const section in keys) {
  const text = manual.split(/^\.S[sh] /m).find(part => part.startsWith(`${section}\n`)) ?? '';
  same(`${section}, in the manual`, keys[section], [...text.matchAll(/^\.It Cm (\S+)/mg)].map(item => item[1]));
}
for (const word of new Set(Object.values(words).flat()))
  expect(new RegExp(`^\\.(It )?(Cm|Ql)( \\S+)* "?${word}\\b`, 'm').test(manual), `the manual does not say ${word}`);
const shown = /^\.Bd -literal.*\n([^]*?)^\.Ed/m.exec(manual)[1];
expect(!wrong(shown), 'the schema, of the policy that the manual shows:', editor(shown));
expect(!check(shown).faults.length, 'netpale, of the policy that the manual shows:', check(shown).said);
done('words', 100);
