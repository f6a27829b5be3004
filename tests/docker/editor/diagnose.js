// diagnose.js SETTINGS FILE...: what an editor with these settings marks in each file, as it opens it:
// "FILE:LINE: what is said". Last, what it proposes for the word at PROPOSE=LINE:COLUMN of the first.
'use strict';
const fs = require('fs'), path = require('path'), { pathToFileURL } = require('url');
const { spawn } = require('child_process');

const [settings, ...files] = process.argv.slice(2);
const yaml = { schemaStore: { enable: false } };
for (const [key, value] of Object.entries(JSON.parse(fs.readFileSync(settings))))
  yaml[key.replace(/^yaml\./, '')] = value;
const uri = file => pathToFileURL(path.resolve(file)).href;

const server = spawn('node', [path.join(process.env.NODE_MODULES, 'yaml-language-server/bin/yaml-language-server'), '--stdio'],
  { stdio: ['pipe', 'pipe', 'inherit'] });
setTimeout(() => { console.log('the server does not answer'); server.kill(); process.exit(1); }, 60000).unref();

const asked = new Map();
let got = Buffer.alloc(0);
function send(message) {
  const text = JSON.stringify({ jsonrpc: '2.0', ...message });
  server.stdin.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
}
const ask = (method, params) => new Promise(resolve => {
  asked.set(asked.size + 1, resolve);
  send({ id: asked.size, method, params });
});
const marked = new Map(), waiting = new Map();
let configured;
function receive({ id, method, params, result }) {
  if (method === 'workspace/configuration') {
    send({ id, result: params.items.map(({ section }) => section === 'yaml' ? yaml : null) });
    configured();
  } else if (method === 'textDocument/publishDiagnostics')
    (marked.set(params.uri, params.diagnostics), waiting.get(params.uri)?.());
  else if (method && id !== undefined)
    send({ id, result: null });
  else if (id !== undefined)
    asked.get(id)(result);
}
server.stdout.on('data', data => {
  got = Buffer.concat([got, data]);
  for (;;) {
    const head = got.indexOf('\r\n\r\n');
    const end = head + 4 + Number(/Content-Length: (\d+)/.exec(got.subarray(0, Math.max(head, 0)))?.[1] ?? NaN);
    if (!(got.length >= end))
      return;
    const message = JSON.parse(got.subarray(head + 4, end));
    got = got.subarray(end);
    receive(message);
  }
});

async function main() {
  await ask('initialize', { processId: process.pid, rootUri: null, capabilities: { workspace: { configuration: true } } });
  const known = new Promise(resolve => { configured = resolve; });
  send({ method: 'initialized', params: {} });
  send({ method: 'workspace/didChangeConfiguration', params: { settings: { yaml } } });
  await known;
  await ask('textDocument/hover', { textDocument: { uri: uri('none.yml') }, position: { line: 0, character: 0 } });
  for (const file of files) {
    const shown = new Promise(resolve => waiting.set(uri(file), resolve));
    send({ method: 'textDocument/didOpen', params: { textDocument:
      { uri: uri(file), languageId: 'yaml', version: 1, text: fs.readFileSync(file, 'utf8') } } });
    await shown;
    for (const { range, message } of marked.get(uri(file)))
      console.log(`${file}:${range.start.line + 1}: ${message}`);
  }
  if (process.env.PROPOSE) {
    const [line, character] = process.env.PROPOSE.split(':').map(place => place - 1);
    const { items } = await ask('textDocument/completion', { textDocument: { uri: uri(files[0]) }, position: { line, character } });
    console.log('proposed:', items.map(({ label }) => label).join(' '));
  }
  server.kill();
  process.exit(0);
}
main();
