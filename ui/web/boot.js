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

const loading = document.getElementById('loading');
const nextFrame = () => new Promise(requestAnimationFrame);

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
