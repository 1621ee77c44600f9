// Every way by which a script could try to take something out of a page, and what came of each.
Promise.allSettled([
  fetch("/stolen").then(() => "fetched", () => "refused"),
  new Promise((done) => {
    const image = new Image();
    image.onload = () => done("loaded");
    image.onerror = () => done("refused");
    image.src = "/stolen.png";
  }),
  new Promise((done) => {
    const socket = new WebSocket(`ws://${location.host}`);
    socket.onopen = () => done("open");
    socket.onerror = () => done("refused");
  }),
  new Promise((done) => {
    const script = document.createElement("script");
    script.onload = () => done("ran");
    script.onerror = () => done("refused");
    script.src = "/stolen.js";
    document.body.append(script);
  }),
  new Promise((done) => {
    // It says nothing itself: the server hears it, or does not.
    navigator.sendBeacon("/stolen");
    const form = document.createElement("form");
    form.action = "/stolen";
    document.body.append(form);
    form.submit();
    setTimeout(() => done("refused"), 300);
  }),
]).then((all) => all.map((one) => one.value ?? "refused"));
