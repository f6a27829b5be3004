// What the schema and what netpale find in a policy.
'use strict';
const fs = require('fs'), path = require('path');
const { spawnSync } = require('child_process');
const Ajv = require('ajv/dist/2020').default;
const YAML = require('yaml');

const root = path.resolve(__dirname, '../../..');
const schema = JSON.parse(fs.readFileSync(path.join(root, 'config/netpale.schema.json')));
const ajv = new Ajv({ strict: true, allErrors: true });
ajv.addVocabulary(['patternErrorMessage']); // the editors' own
const validate = ajv.compile(schema); // a schema that is none throws here

// An editor's view: the faults of YAML itself, or those that the schema finds.
function editor(text) {
  const document = YAML.parseDocument(text);
  if (document.errors.length)
    return { yaml: document.errors[0].message, faults: [] };
  let value;
  try {
    value = document.toJS();
  } catch (error) { // aliases that expand to too much
    return { yaml: error.message, faults: [] };
  }
  return { faults: validate(value) ? [] : [...validate.errors] };
}

function netpale(...args) {
  const { status, stdout, stderr, error } = spawnSync(process.env.NETPALE, args, {
    cwd: process.env.WORK,
    env: { ASAN_OPTIONS: process.env.ASAN_OPTIONS ?? '' },
    encoding: 'utf8',
  });
  if (error || ![0, 1, 65].includes(status))
    throw new Error(`netpale ${args.join(' ')}: ${error ?? `status ${status}`}: ${stderr}`);
  return { status, stdout, stderr };
}

// What the text is, as a profile or as a project's file: the faults that stand in it have a line
// and a column, those that come of several layers have not.
function check(text, kind = 'profile') {
  fs.writeFileSync(path.join(process.env.WORK, 'this.yml'), text);
  fs.writeFileSync(path.join(process.env.WORK, 'other.yml'), kind === 'profile' ? '' :
    'network: { policy: restricted, trust_project: override }\n');
  const said = netpale('check', ...(kind === 'profile' ?
    ['-f', 'this.yml', '--project', 'other.yml'] :
    ['-f', 'other.yml', '--project', 'this.yml'])).stderr;
  const faults = [...said.matchAll(/^netpale: this\.yml:(\d+):\d+: (.*)$/mg)]
    .filter(([, , words]) => !words.endsWith(' only; ignored here')) // a warning
    .map(([, line, words]) => ({ line: Number(line), words }));
  const counted = /^netpale: this\.yml is not understood: (\d+) error/m.exec(said);
  if (faults.length !== Number(counted?.[1] ?? 0))
    throw new Error(`${faults.length} faults of ${counted?.[1] ?? 0}: ${said}${text}`);
  return { faults, said };
}

let failures = 0, count = 0;
function expect(good, ...words) {
  count++;
  if (good)
    return;
  failures++;
  console.log('FAIL:', ...words);
}
function done(what, least) {
  console.log(`${count} ${what}`);
  expect(count >= least, `fewer than ${least}`);
  process.exit(failures ? 1 : 0);
}

module.exports = { root, schema, ajv, editor, netpale, check, expect, done };
