// Texts that stand out too little from what is behind them: WCAG 2 wants 4.5.
(() => {
  const numbers = (colour) => colour.match(/[\d.]+/g).map(Number);
  const parse = (colour) => (numbers(colour).length < 4 ? [...numbers(colour), 1] : numbers(colour));
  const over = (a, b) => [0, 1, 2].map((nth) => a[nth] * a[3] + b[nth] * (1 - a[3])).concat(1);
  const linear = (value) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const light = ([red, green, blue]) =>
    0.2126 * linear(red / 255) + 0.7152 * linear(green / 255) + 0.0722 * linear(blue / 255);
  const own = (element) => parse(getComputedStyle(element).backgroundColor);
  const behind = (element) => (element ? over(own(element), behind(element.parentElement)) : [255, 255, 255, 1]);
  const poor = [];
  for (const element of document.querySelectorAll("body *")) {
    const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    const isShown = element.getClientRects().length > 0 && !["SCRIPT", "STYLE", "OPTION"].includes(element.tagName);
    if (!hasText || !isShown) continue;
    const back = behind(element);
    const [bright, dim] = [light(over(parse(getComputedStyle(element).color), back)), light(back)].sort((a, b) => b - a);
    const ratio = (bright + 0.05) / (dim + 0.05);
    if (ratio < 4.5) poor.push(`${ratio.toFixed(2)} ${element.outerHTML.slice(0, 120)}`);
  }
  return poor;
})();
