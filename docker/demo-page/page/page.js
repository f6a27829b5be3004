'use strict';

const button = document.querySelector('button');

// Rows of [title, text], where there is a text.
const list = (dl, rows) => dl.replaceChildren(...rows.filter(row => row[1]).flatMap(([title, text]) => {
	const dt = document.createElement('dt'), dd = document.createElement('dd');
	dt.textContent = title;
	dd.textContent = text;
	return [dt, dd];
}));

const MARKS = { answered: '✓', refused: '✕', failed: '!', calling: '…' };

// What `netpale explain --json` says, in rows.
const told = ({ allowed, entry, origin, reason, last, allow }) => [
	['Why', allowed ? `allowed by ${entry}` : [last?.reason, reason].filter(Boolean).join(': ')],
	['Where', origin],
	['Who', last && `${last.program ?? 'a program'}, uid ${last.uid}`],
	['What would allow it', !allowed && allow],
];

async function call(which) {
	const panel = document.getElementById(which);
	const set = (name, text) => { panel.querySelector(name).textContent = text; };
	const become = (outcome, more = '') => {
		panel.dataset.outcome = outcome;
		set('.mark', MARKS[outcome]);
		set('.outcome', outcome + more);
		panel.setAttribute('aria-busy', outcome == 'calling');
	};
	become('calling');
	try {
		const { url, ok, text, ms, fence } = await (await fetch(`call?which=${which}`)).json();
		set('.url', `GET ${url}`);
		set('.text', text);
		list(panel.querySelector('dl'), told(fence));
		become(ok ? 'answered' : fence.allowed ? 'failed' : 'refused', ` in ${ms} ms`);
	} catch (error) {
		set('.text', `The demonstration itself does not answer: ${error.message}`);
		become('failed');
	}
}

async function both() {
	button.disabled = true;
	await Promise.all(['allowed', 'refused'].map(call));
	button.disabled = false;
}

button.addEventListener('click', both);
both();
fetch('policy').then(answer => answer.text()).then(text => {
	document.getElementById('policy').textContent = text;
});
