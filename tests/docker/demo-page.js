// Run by `browse`: what the page of docker/demo-page says, and whether it can be read, light and dark, on a wide
// screen and on a narrow one. What is wrong is said with the word WRONG.
const wrong = (...what) => console.log('WRONG:', ...what);

await page.goto('http://127.0.0.1/');
const called = () => page.waitForFunction(() =>
	document.querySelectorAll('article[aria-busy=false] dd').length >= 4 && !document.querySelector('button').disabled);
await called();
await page.click('button');
await called();
const line = async selector => (await page.innerText(selector)).trim().replace(/\n+/g, ' | ');
for (const panel of ['allowed', 'refused']) console.log(`${panel}: ${await line('#' + panel)}`);
console.log('policy:', (await line('#policy')).replace(/[ |]+/g, ' '));

// In the page: what is too wide, and what has too little contrast with the paper behind it (WCAG: 4.5).
const inspect = () => {
	const found = [];
	const luminance = color => color.match(/[\d.]+/g).slice(0, 3).map(part => part / 255)
		.map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
		.reduce((sum, part, i) => sum + part * [0.2126, 0.7152, 0.0722][i], 0);
	const behind = element => {
		const color = getComputedStyle(element).backgroundColor;
		return color == 'rgba(0, 0, 0, 0)' ? behind(element.parentElement) : color;
	};
	if (document.documentElement.scrollWidth > innerWidth) found.push('the page is wider than its window');
	for (const element of document.querySelectorAll('h1, h2, p, dt, dd, pre, button')) {
		const { left, right, width } = element.getBoundingClientRect();
		const text = element.textContent.slice(0, 30);
		if (!width || left < 0 || right > innerWidth || element.scrollWidth > element.clientWidth)
			found.push(`'${text}' is cut off`);
		const [a, b] = [getComputedStyle(element).color, behind(element)].map(luminance).sort((x, y) => y - x);
		if ((a + 0.05) / (b + 0.05) < 4.5) found.push(`'${text}' has too little contrast`);
	}
	return found;
};
// Of a screenshot: its size, and how much of each box has the colour of its paper.
const measure = async ({ png, boxes }) => {
	const image = new Image();
	image.src = png;
	await image.decode();
	const canvas = new OffscreenCanvas(image.width, image.height), context = canvas.getContext('2d');
	context.drawImage(image, 0, 0);
	return { width: image.width, height: image.height, paper: boxes.map(({ x, y, width, height, color }) => {
		const { data } = context.getImageData(x, y, width, height);
		let same = 0;
		for (let i = 0; i < data.length; i += 4) same += data.slice(i, i + 3).join(', ') == color;
		return same / (data.length / 4);
	}) };
};
const darkroom = await browser.newPage();
for (const colorScheme of ['light', 'dark']) for (const width of [1200, 380]) {
	const height = 900, look = `${colorScheme}-${width}`;
	await page.emulateMedia({ colorScheme });
	await page.setViewportSize({ width, height });
	(await page.evaluate(inspect)).forEach(what => wrong(look, what));
	const boxes = await page.$$eval('article', panels => panels.map(panel => {
		const { x, y, width, height } = panel.getBoundingClientRect();
		return { x, y, width, height, color: getComputedStyle(panel).backgroundColor.slice(4, -1) };
	}));
	const [allowed, refused] = boxes;
	if (allowed.color == refused.color) wrong(look, 'the panels look the same');
	if (width == 1200 && (allowed.y != refused.y || allowed.height != refused.height ||
		refused.x < allowed.x + allowed.width || refused.y + refused.height > height))
		wrong(look, 'the panels are not side by side');
	if (width < 1200 && refused.y < allowed.y + allowed.height) wrong(look, 'the panels overlap');
	const shot = await page.screenshot({ path: `/shots/page-${look}.png`, fullPage: true });
	const seen = await darkroom.evaluate(measure, { png: `data:image/png;base64,${shot.toString('base64')}`, boxes });
	if (seen.width != width || seen.height < height) wrong(look, `is ${seen.width} by ${seen.height}`);
	// Mostly paper, but not only: text is on it.
	seen.paper.forEach(part => part > 0.6 && part < 0.98 || wrong(look, `${part} of a panel is paper`));
	console.log('looked at', look, seen.paper.map(part => part.toFixed(2)).join(' '));
}
