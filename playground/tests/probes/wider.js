// What is wider than the page, but for what can be scrolled by itself.
[...document.querySelectorAll("body *")]
  .filter((element) => {
    const inner = element.closest(".cm-scroller, .scroll, .hidden");
    const isInside = inner && inner !== element;
    return !isInside && element.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5;
  })
  .map((element) => element.outerHTML.slice(0, 100));
