// Starts the wasm, and keeps what goes wrong where a person and a test can see it.

const errors = [];
window.__errors = errors;
window.addEventListener('error', (event) => errors.push(String(event.error?.stack ?? event.message)));
window.addEventListener('unhandledrejection', (event) => errors.push(String(event.reason?.stack ?? event.reason)));
const report = console.error;
console.error = (...parts) => {
  errors.push(parts.map(String).join(' '));
  report.apply(console, parts);
};

// The window's loop asks for a frame sixty times a second, mostly to find that there is nothing to draw. Once nothing was
// drawn for a while it is called back ten times a second; any input calls it at once.
const BUSY_MS = 500;
const IDLE_MS = 100;
const nativeRequest = window.requestAnimationFrame.bind(window);
const nativeCancel = window.cancelAnimationFrame.bind(window);
let busyUntil = 0;
let drawn = -1;
let idle = null;

const stayBusy = () => { busyUntil = performance.now() + BUSY_MS; };
const isBusy = () => {
  const frames = window.__ui?.frames() ?? -1;
  if (frames !== drawn) stayBusy();
  drawn = frames;
  return frames < 1 || performance.now() < busyUntil;
};
window.requestAnimationFrame = (callback) => {
  if (isBusy()) return nativeRequest(callback);
  const frame = { callback };
  frame.timer = setTimeout(() => {
    idle = null;
    frame.callback(performance.now());
  }, IDLE_MS);
  idle = frame;
  return -frame.timer;
};
window.cancelAnimationFrame = (id) => {
  if (id >= 0) return nativeCancel(id);
  clearTimeout(-id);
  idle = null;
};
// An event may come while the wasm is at work, as focus does when the wasm itself sets it. Called back in the middle of
// that, the loop finds its state taken, gives up and never asks again; so it is called back once the stack is empty.
const wake = () => {
  stayBusy();
  if (!idle) return;
  const frame = idle;
  idle = null;
  clearTimeout(frame.timer);
  queueMicrotask(() => frame.callback(performance.now()));
};
for (const kind of ['pointermove', 'pointerdown', 'pointerup', 'wheel', 'keydown', 'keyup', 'input', 'paste', 'focus', 'resize']) {
  window.addEventListener(kind, wake, { passive: true });
}

const loading = document.getElementById('loading');
const nextFrame = () => new Promise(nativeRequest);

try {
  const ui = await import('./ui.js');
  await ui.default({ module_or_path: 'ui_bg.wasm' });
  window.__ui = ui;
  while (ui.frames() === 0) await nextFrame();
  loading.remove();
} catch (error) {
  errors.push(String(error?.stack ?? error));
  loading.textContent = `Parallax could not start.\n${error}`;
  document.getElementById('parallax').remove();
}
