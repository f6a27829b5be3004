'use strict';

const button = document.querySelector('button');

// Rows of [title, text], where there is a text.
const list = (dl, rows) => dl.replaceChildren(...rows.filter(row => row[1]).flatMap(([title, text]) => {
	const dt = document.createElement('dt'), dd = document.createElement('dd');
	dt.textContent = title;
	dd.textContent = text;
	return [dt, dd];
}));

const why = ({ allowed, entry, origin, reason, last }) => allowed
	? `allowed by ${entry} (${origin})`
	: [last?.reason, reason].filter(Boolean).join(': ') + (origin ? ` (${origin})` : '');

const who = last => last && `${last.program ?? 'a program'}, uid ${last.uid}`;

async function call(which) {
	const panel = document.getElementById(which);
	const set = (name, text) => { panel.querySelector(name).textContent = text; };
	panel.setAttribute('aria-busy', 'true');
	set('.outcome', 'calling');
	try {
		const { url, ok, text, ms, fence } = await (await fetch(`call?which=${which}`)).json();
		set('.url', `GET ${url}`);
		set('.text', text);
		set('.outcome', `${ok ? 'answered' : fence.allowed ? 'failed' : 'refused'} in ${ms} ms`);
		list(panel.querySelector('dl'), [['Why', why(fence)], ['Who', who(fence.last)],
			['What would allow it', !ok && fence.allow]]);
	} catch (error) {
		set('.outcome', 'failed');
		set('.text', `The demonstration itself does not answer: ${error.message}`);
	}
	panel.setAttribute('aria-busy', 'false');
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
