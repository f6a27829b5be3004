// The policies that lie here: the schema takes what netpale takes, and refuses what is in refused/.
'use strict';
const fs = require('fs'), path = require('path');
const { root, editor, expect, done } = require('./verdict');

const golden = path.join(root, 'tests/golden');
const policies = [
  ['config', /^(policy|examples\/.*)\.yml$/],
  ['docker', /(^|\/)(policy|\.ccpod)\.yml$/],
  ['tests/golden', /^(?!refused\/)((plan|examples|init|kubernetes)\/.*|(.*\/)?(profile|\.ccpod|printed|suggested))\.yml$/],
].flatMap(([directory, names]) => fs.readdirSync(path.join(root, directory), { recursive: true })
  .filter(name => names.test(name)).map(name => path.join(root, directory, name)));

for (const name of policies) {
  const { yaml, faults } = editor(fs.readFileSync(name, 'utf8'));
  expect(!yaml && !faults.length, `${path.relative(root, name)} is refused:`, yaml ?? faults);
}

// Nobody sees in one file what these are refused for.
const beyond = {
  'a-block-that-says-nothing': 'another layer may say the rest',
  'ccpod-variables': 'no file',
  'ccpod-variables-empty': 'no file',
  'deny-of-a-name-beside-pinned': 'another layer may say dns: guarded',
  'flags': 'the flags are at fault',
  'more-entries-for-a-name-than-a-fence-holds': 'a limit of the fence',
  'more-port-lists-of-names-than-a-fence-holds': 'a limit of the fence',
  'named-profile-is-missing': 'no file',
  'no-policy': 'no file',
  'no-policy-in-the-files': 'another layer may be the policy',
  'override-is-not-permitted': 'the profile is at fault',
  'override-under-tighten': 'the profile is at fault',
  'project-alone-audit': 'a profile may stand beside it',
  'project-alone-deny': 'a profile may stand beside it',
  'project-alone-full': 'a profile may stand beside it',
  'project-says-how-it-is-trusted': 'a profile may say it',
  'tag': 'a schema sees the value without its tag',
  'too-deep': 'a schema knows no depth of what is not its own',
  'variables': 'the variables are at fault',
  'wildcard-with-another-stance': 'another layer may say dns: guarded',
};
const refused = fs.readdirSync(path.join(golden, 'refused'));
for (const name of refused) {
  const seen = ['profile.yml', '.ccpod.yml'].map(file => path.join(golden, 'refused', name, file))
    .filter(file => fs.existsSync(file)).map(file => editor(fs.readFileSync(file, 'utf8')));
  const seesIt = seen.some(({ yaml, faults }) => yaml || faults.length);
  if (name in beyond)
    expect(!seesIt, `refused/${name} is listed (${beyond[name]}), and refused`);
  else
    expect(seesIt, `refused/${name} is accepted`);
}
for (const name in beyond)
  expect(refused.includes(name), `refused/${name} is listed, and not there`);
done('files', 150);
